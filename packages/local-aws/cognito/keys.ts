import { createHash, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { jsonFile } from '../json/json-file.ts';

const KeysSchema = v.object({
  pools: v.record(
    v.string(),
    v.object({ signingKey: v.looseObject({ kid: v.string() }), refreshKey: v.string() }),
  ),
});

/** The secret keys of one pool. */
export type PoolKeys = v.InferOutput<typeof KeysSchema>['pools'][string];

/** The keys of the pools. Missing ones are made, and with a path stored for the next start. */
export async function loadKeys(
  path: string | undefined,
  poolIds: readonly string[],
): Promise<Map<string, PoolKeys>> {
  const keys = new Map<string, PoolKeys>();
  const file = jsonFile(path, () => ({ pools: Object.fromEntries(keys) }));
  const content = await file.read();
  if (content !== undefined) {
    const stored = v.safeParse(KeysSchema, content);
    if (!stored.success) throw new Error(`${path} does not hold the local Cognito's keys`);
    for (const [id, poolKeys] of Object.entries(stored.output.pools)) keys.set(id, poolKeys);
  }
  const missing = poolIds.filter((id) => !keys.has(id));
  for (const id of missing) keys.set(id, await createKeys());
  if (missing.length > 0) await file.write();
  return keys;
}

async function createKeys(): Promise<PoolKeys> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(jwk.n ?? '')
    .digest('base64');
  return { signingKey: { ...jwk, kid }, refreshKey: randomBytes(32).toString('base64') };
}
