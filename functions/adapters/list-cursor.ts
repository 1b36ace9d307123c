import { createHash } from 'node:crypto';
import { MalformedRequestError } from '../core/errors.ts';

type StartKey = Readonly<Record<string, unknown>>;

const digest = (list: string): string => createHash('sha256').update(list).digest('base64url').slice(0, 16);

/** A place in a list, opaque to clients and of use in this list only. */
export const encodeCursor = (startKey: StartKey, list: string): string =>
  Buffer.from(JSON.stringify([digest(list), startKey])).toString('base64url');

/** Throws `MalformedRequestError` for a cursor of another list, or for what is none. */
export function decodeCursor(cursor: string | undefined, list: string): StartKey | undefined {
  if (cursor === undefined) return undefined;
  try {
    const [madeFor, startKey] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, StartKey];
    if (madeFor === digest(list) && typeof startKey === 'object' && startKey !== null) return startKey;
  } catch {
    // Told below.
  }
  throw new MalformedRequestError('cursor: expected one that this list has given');
}
