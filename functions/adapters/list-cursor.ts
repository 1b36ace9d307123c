import { createHash } from 'node:crypto';
import { MalformedRequestError } from '../core/errors.ts';

type StartKey = Readonly<Record<string, unknown>>;

const digest = (list: string): string => createHash('sha256').update(list).digest('base64url').slice(0, 16);

/** A cursor for this list. It is opaque to clients. */
export const encodeCursor = (startKey: StartKey, list: string): string =>
  Buffer.from(JSON.stringify([digest(list), startKey])).toString('base64url');

/** Throws `MalformedRequestError` for an invalid cursor, or one of another list. */
export function decodeCursor(cursor: string | undefined, list: string): StartKey | undefined {
  if (cursor === undefined) return undefined;
  try {
    const [madeFor, startKey] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, StartKey];
    if (madeFor === digest(list) && typeof startKey === 'object' && startKey !== null) return startKey;
  } catch {
    // Reported below.
  }
  throw new MalformedRequestError('cursor: expected one of this list');
}
