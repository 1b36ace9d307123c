import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { DemoDock, DemoUser } from './endpoints.ts';
import { readPrivateJson, writePrivateJson } from './private-json.ts';

/** A workspace that every local stack has. */
export interface DemoWorkspace {
  /** Always the same. */
  readonly id: string;
  readonly name: string;
}

const WORKSPACES = [
  {
    id: 'a5d7e1c2-3b64-4f0e-9c1d-6f2b8e4a7001',
    name: 'Demo workspace',
    username: 'pilot',
    dock: 'DEMODOCK0000001',
  },
  {
    id: 'a5d7e1c2-3b64-4f0e-9c1d-6f2b8e4a7002',
    name: 'Second demo workspace',
    username: 'second-pilot',
    dock: 'DEMODOCK0000002',
  },
] as const;

/**
 * The demo users and docks of a data folder. Passwords are made once, so the same ones work after a restart.
 */
export interface Account {
  readonly workspaces: readonly DemoWorkspace[];
  /** One in each workspace. */
  readonly users: readonly DemoUser[];
  /** One in each workspace. */
  readonly docks: readonly DemoDock[];
}

interface StoredAccount {
  /** By user name, and by serial number. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** The account of a data folder, created on the first start. */
export function openAccount(dataDirectory: string): Account {
  const path = join(dataDirectory, 'account.json');
  const stored = readPrivateJson<StoredAccount>(path);
  const owners = WORKSPACES.flatMap(({ username, dock }) => [username, dock]);
  const account: StoredAccount = {
    passwords: Object.fromEntries(
      owners.map((owner) => [owner, stored?.passwords[owner] ?? randomPassword()]),
    ),
  };
  if (JSON.stringify(account) !== JSON.stringify(stored)) writePrivateJson(path, account);
  const password = (owner: string): string => account.passwords[owner] ?? '';
  return {
    workspaces: WORKSPACES.map(({ id, name }) => ({ id, name })),
    users: WORKSPACES.map(({ id, username }) => ({
      username,
      password: password(username),
      workspace_id: id,
    })),
    docks: WORKSPACES.map(({ id, dock }) => ({
      sn: dock,
      username: dock,
      password: password(dock),
      workspace_id: id,
    })),
  };
}

/** Easy to type: no letters that look alike, and one of each kind that a password policy may require. */
function randomPassword(): string {
  const group = (): string => randomText('abcdefghjkmnpqrstuvwxyz', 4);
  return `${randomText('ABCDEFGHJKLMNPQRSTUVWXYZ', 1)}${group()}-${group()}-${group()}-${randomText('23456789', 3)}`;
}

function randomText(characters: string, length: number): string {
  return Array.from({ length }, () => characters[randomInt(characters.length)]).join('');
}
