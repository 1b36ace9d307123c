import type { Gateway, GatewaySn } from '../functions/core/gateway.ts';
import { hashPassword, randomPassword } from '../functions/core/gateway-password.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';
import type { Installation } from './installation.ts';
import { getWorkspace } from './people.ts';
import { Refusal } from './refusal.ts';

/** What somebody types into a dock. The password is shown once and cannot be read again. */
export interface DockCredentials {
  readonly sn: string;
  readonly username: string;
  readonly password: string;
  readonly mqtt_address?: string;
}

const credentials = ({ mqttAddress }: Installation, sn: GatewaySn, password: string): DockCredentials => ({
  sn,
  username: sn,
  password,
  ...(mqttAddress && { mqtt_address: mqttAddress }),
});

export async function createDock(
  installation: Installation,
  sn: GatewaySn,
  workspaceId: WorkspaceId,
): Promise<DockCredentials & { workspace_id: WorkspaceId }> {
  const workspace = await getWorkspace(installation, workspaceId);
  const password = randomPassword();
  const created = await installation.registry.createGateway({
    sn,
    workspaceId,
    workspaceName: workspace.name,
    passwordHash: hashPassword(password),
    revoked: false,
    createdAt: new Date().toISOString(),
  });
  if (!created) throw new Refusal(`${sn} is registered already; "dock rotate" gives it a new password`);
  return { ...credentials(installation, sn, password), workspace_id: workspaceId };
}

/** The old password is invalid for new connections at once. An open connection ends within five minutes. */
export async function rotateDock(installation: Installation, sn: GatewaySn): Promise<DockCredentials> {
  const password = randomPassword();
  if (!(await installation.registry.replacePassword(sn, hashPassword(password)))) {
    throw new Refusal(`${sn} is not registered`);
  }
  return credentials(installation, sn, password);
}

/** Messages of the dock are refused from now on. An open connection ends within five minutes. */
export async function revokeDock(installation: Installation, sn: GatewaySn): Promise<void> {
  if (!(await installation.registry.revoke(sn))) throw new Refusal(`${sn} is not registered`);
}

const toRow = ({ sn, workspaceId, revoked, createdAt }: Gateway) => ({
  sn,
  workspace_id: workspaceId,
  revoked,
  created_at: createdAt,
});

export const listDocks = async (
  installation: Installation,
  workspaceId: WorkspaceId,
): Promise<ReturnType<typeof toRow>[]> => (await installation.registry.listGateways(workspaceId)).map(toRow);
