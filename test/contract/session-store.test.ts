import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InMemorySessionStore } from '../../fakes/in-memory-session-store.ts';
import { dynamoDbSessionStore } from '../../functions/adapters/dynamodb-session-store.ts';
import { mediaTable } from '../../functions/adapters/media-table.ts';
import type { SessionStore, SessionToken } from '../../functions/core/sessions.ts';
import { type DynaliteTable, startDynaliteTable } from './dynalite-table.ts';

let table: DynaliteTable;

beforeAll(async () => {
  table = await startDynaliteTable();
});

afterAll(() => table.close());

describe.each<[string, () => SessionStore]>([
  ['DynamoDB', () => dynamoDbSessionStore(mediaTable(table.tableName, table.client()))],
  ['memory', () => new InMemorySessionStore()],
])('session store in %s', (_where, open) => {
  let store: SessionStore;
  let token: SessionToken;

  beforeEach(() => {
    store = open();
    token = {
      digest: randomUUID(),
      kind: 'refresh',
      sealedRenewalToken: 'sealed',
      userType: 2,
      expiresAt: new Date('2026-05-13T09:30:00.000Z'),
    };
  });

  it('finds only what was added', async () => {
    const successor = { ...token, digest: randomUUID(), predecessor: token.digest };
    await store.add(token);
    await store.add(successor);
    expect(await store.find(token.digest)).toEqual(token);
    expect(await store.find(successor.digest)).toEqual(successor);
    expect(await store.find(randomUUID())).toBeUndefined();
  });

  it('keeps one successor', async () => {
    await store.add(token);
    expect(await store.settleSuccessor(token.digest, 'first')).toBe(true);
    expect(await store.settleSuccessor(token.digest, 'first')).toBe(true);
    expect(await store.settleSuccessor(token.digest, 'second')).toBe(false);
    expect(await store.find(token.digest)).toEqual({ ...token, successor: 'first' });
  });

  it('accepts a successor of a removed token, and stores nothing', async () => {
    expect(await store.settleSuccessor(token.digest, 'first')).toBe(true);
    expect(await store.find(token.digest)).toBeUndefined();
  });
});
