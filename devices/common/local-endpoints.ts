import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The local stack's `endpoints.json`, typed as the part that the caller uses; undefined when there is none.
 */
export async function readLocalEndpoints<Endpoints>(dataDirectory: string): Promise<Endpoints | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDirectory, 'endpoints.json'), 'utf8')) as Endpoints;
  } catch {
    return undefined;
  }
}
