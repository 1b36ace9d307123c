/**
 * Registers the demo docks, with the code of `npm run admin`. Runs as a process of its own, on the first
 * start only: it loads the AWS SDK, and the running stack does not need that.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { AdministratorCall, RootCredentials } from '../packages/local-aws/index.ts';
import type { DemoWorkspace } from './account.ts';
import type { DemoDock } from './endpoints.ts';

/** The table, and the credentials to write it with. */
export interface DemoDocksOptions {
  readonly address: string;
  readonly region: string;
  readonly root: RootCredentials;
  readonly table: string;
}

interface Registration extends DemoDocksOptions {
  readonly docks: readonly DemoDock[];
  readonly workspaces: readonly DemoWorkspace[];
}

/** Registers the missing docks. Existing ones are left alone: they may have been revoked. */
export async function ensureDemoDocks(
  account: { readonly workspaces: readonly DemoWorkspace[]; readonly docks: readonly DemoDock[] },
  options: DemoDocksOptions,
  call: AdministratorCall,
): Promise<void> {
  const { gatewayKey } = await import('../functions/adapters/media-table-keys.ts');
  const missing: DemoDock[] = [];
  for (const dock of account.docks) {
    const { pk, sk } = gatewayKey(dock.sn as Parameters<typeof gatewayKey>[0]);
    const { Item } = await call('dynamodb', 'GetItem', {
      TableName: options.table,
      Key: { pk: { S: pk }, sk: { S: sk } },
    });
    if (!Item) missing.push(dock);
  }
  if (missing.length > 0)
    await registerInChild({ ...options, docks: missing, workspaces: account.workspaces });
}

async function registerInChild(registration: Registration): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(JSON.stringify(registration));
  const [complaint, exitCode] = await Promise.all([text(child.stderr), exit]);
  if (exitCode !== 0) throw new Error(`The demo docks could not be registered: ${complaint.trim()}`);
}

async function register({ address, region, root, table, docks, workspaces }: Registration): Promise<void> {
  const [{ DynamoDBClient }, { DynamoDBDocumentClient }, { dynamoDbDeviceRegistry }, { hashPassword }] =
    await Promise.all([
      import('@aws-sdk/client-dynamodb'),
      import('@aws-sdk/lib-dynamodb'),
      import('../functions/adapters/dynamodb-device-registry.ts'),
      import('../functions/core/gateway-password.ts'),
    ]);
  const client = new DynamoDBClient({ endpoint: address, region, credentials: root });
  const registry = dynamoDbDeviceRegistry(table, DynamoDBDocumentClient.from(client));
  for (const dock of docks) {
    const workspace = workspaces.find(({ id }) => id === dock.workspace_id);
    await registry.createGateway({
      sn: dock.sn,
      workspaceId: dock.workspace_id,
      workspaceName: workspace?.name ?? dock.workspace_id,
      passwordHash: hashPassword(dock.password),
      revoked: false,
      createdAt: new Date().toISOString(),
    } as Parameters<typeof registry.createGateway>[0]);
  }
  client.destroy();
}

if (import.meta.main) await register(JSON.parse(await text(process.stdin)));
