import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The local stack's `endpoints.json`, or the part of it that a client names; undefined when none was written. */
export async function readLocalEndpoints<Endpoints>(dataDirectory: string): Promise<Endpoints | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDirectory, 'endpoints.json'), 'utf8')) as Endpoints;
  } catch {
    return undefined;
  }
}
