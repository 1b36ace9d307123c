import { listDocks } from '../../admin/docks.ts';
import { type Installation, openInstallation } from '../../admin/installation.ts';
import { listWorkspaces } from '../../admin/people.ts';
import { isWorkspaceId } from '../../functions/core/workspace.ts';
import type { FunctionRow } from '../../functions/manifest.ts';
import { type Endpoints, readEndpoints } from '../endpoints.ts';
import { fetchFunctionEnvironment } from '../function-environment.ts';
import type { Call } from './call-log.ts';
import { type EventInput, needsGateway, needsWorkspace } from './events.ts';
import { recordSdkCalls } from './sdk-calls.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const ACCOUNT_ID = '123456789012';

const lines = (items: readonly string[]): string => items.map((item) => `\n  ${item}`).join('') || ' none';

/** The function as it is in the running local stack: with its addresses, variables and role. */
export async function openStackTarget({ name }: FunctionRow, dataDirectory: string): Promise<Target> {
  const endpoints = readEndpoints(dataDirectory);
  const advice = 'Start it with "npm start", or use --fakes.';
  if (!endpoints) throw new UsageError(`There is no local stack in ${dataDirectory}. ${advice}`);
  const environment = await fetchFunctionEnvironment(endpoints, name).catch((cause: Error) => {
    throw new UsageError(`The local stack of ${dataDirectory} does not respond. ${advice}`, { cause });
  });
  if (!environment) throw new UsageError(`The local stack has no function ${name}; start it again.`);
  const installation = openInstallation({ data: dataDirectory, outputs: undefined });
  const calls: Call[] = [];
  recordSdkCalls(calls);
  return {
    title: `local stack at ${endpoints.api}`,
    origin: { region: endpoints.region, accountId: ACCOUNT_ID, bucket: endpoints.bucket, environment },
    prepare: async (input) => input,
    check: async (input, row) => {
      await checkWorkspace(installation, input, row);
      if (needsGateway(row) && input.gatewaySn === undefined) {
        const docks = await describeDocks(installation, endpoints);
        throw new UsageError(`${name} needs --gateway-sn SERIAL. The local stack has:${lines(docks)}`);
      }
    },
    begin: () => {
      calls.length = 0;
    },
    calls: () => calls,
  };
}

async function checkWorkspace(
  installation: Installation,
  { workspaceId, claims }: EventInput,
  row: FunctionRow,
): Promise<void> {
  if (!needsWorkspace(row) || installation.userPoolId === undefined) {
    if (needsWorkspace(row) && workspaceId === undefined)
      throw new UsageError(`${row.name} needs --workspace UUID`);
    return;
  }
  const workspaces = await listWorkspaces(installation);
  const isKnown = workspaces.some(({ workspace_id }) => workspace_id === workspaceId);
  // With claims given, an unknown workspace is allowed: it shows what a stranger gets.
  if (isKnown || (workspaceId !== undefined && claims)) return;
  const problem =
    workspaceId === undefined ? `${row.name} needs --workspace UUID` : `There is no workspace ${workspaceId}`;
  const list = workspaces.map(({ workspace_id, name }) => `${workspace_id}  ${name}`);
  throw new UsageError(`${problem}. The local stack has:${lines(list)}`);
}

async function describeDocks(installation: Installation, endpoints: Endpoints): Promise<string[]> {
  const ids = new Set(endpoints.docks.map(({ workspace_id }) => workspace_id));
  if (installation.userPoolId !== undefined)
    for (const { workspace_id } of await listWorkspaces(installation)) ids.add(workspace_id);
  const docks = await Promise.all([...ids].filter(isWorkspaceId).map((id) => listDocks(installation, id)));
  return docks.flat().map(({ sn, workspace_id }) => `${sn}  of workspace ${workspace_id}`);
}
