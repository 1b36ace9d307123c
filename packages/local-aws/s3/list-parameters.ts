import { invalidArgument } from './errors.ts';
import type { S3Request } from './s3-request.ts';
import { groupOf, type Walk } from './store/walk.ts';

const MAX_ENTRIES = 1000;

/** The parameters that all lists share. */
export interface ListParameters {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxEntries: number;
  /** `url` for percent-encoded keys, since XML does not allow all characters. */
  readonly encodingType: 'url' | undefined;
  /** Encodes a key, or a text with keys, as the client asked for it. */
  readonly encode: (text: string) => string;
}

/** Reads the shared parameters. `maxName` is the parameter for the page size. */
export function listParameters(request: S3Request, maxName: string): ListParameters {
  const encodingType = request.query('encoding-type');
  if (encodingType !== undefined && encodingType !== 'url') {
    throw invalidArgument('encoding-type', encodingType, 'Invalid Encoding Method specified in Request');
  }
  return {
    prefix: request.query('prefix') ?? '',
    delimiter: request.query('delimiter') ?? '',
    maxEntries: wholeNumber(request, maxName, MAX_ENTRIES),
    encodingType,
    encode: encodingType === 'url' ? encodeKey : (text) => text,
  };
}

/** A number in the query. `most` is its maximum and default. */
export function wholeNumber(request: S3Request, name: string, most: number): number {
  const value = request.query(name);
  if (value === undefined || value === '') return most;
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value), most);
  throw invalidArgument(name, value, `Provided ${name} not an integer or within integer range`);
}

/** Where a list continues after a marker, which may be a common prefix. */
export function afterMarker(
  marker: string | undefined,
  { prefix, delimiter }: ListParameters,
): Partial<Walk> {
  if (!marker) return {};
  const group = marker.startsWith(prefix) ? groupOf(marker, prefix, delimiter) : undefined;
  return group === marker ? { afterGroup: marker } : { after: marker };
}

/** The first entries, and whether there are more. */
export function firstEntries<T>(entries: Iterable<T>, count: number): { page: T[]; truncated: boolean } {
  const page: T[] = [];
  if (count === 0) return { page, truncated: false };
  for (const entry of entries) {
    if (page.length === count) return { page, truncated: true };
    page.push(entry);
  }
  return { page, truncated: false };
}

function encodeKey(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
