import type { GatewaySn } from '../../functions/core/gateway.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { type AddCommand, snOption, workspaceOption } from '../command.ts';
import { createDock, listDocks, revokeDock, rotateDock } from '../docks.ts';

/** `dock create`, `dock list`, `dock rotate` and `dock revoke`. */
export const dockCommands: AddCommand = (program, action) => {
  const dock = program.command('dock').description('docks and their MQTT passwords');
  dock
    .command('create')
    .description('registers a dock in a workspace and prints user name and password, once')
    .addOption(snOption())
    .addOption(workspaceOption().makeOptionMandatory())
    .action(
      action((installation, { sn, workspace }: { sn: GatewaySn; workspace: WorkspaceId }) =>
        createDock(installation, sn, workspace),
      ),
    );
  dock
    .command('list')
    .description('lists the docks of a workspace')
    .addOption(workspaceOption().makeOptionMandatory())
    .action(
      action((installation, { workspace }: { workspace: WorkspaceId }) => listDocks(installation, workspace)),
    );
  dock
    .command('rotate')
    .description('prints a new password, which replaces the old one; also undoes a revocation')
    .addOption(snOption())
    .action(action((installation, { sn }: { sn: GatewaySn }) => rotateDock(installation, sn)));
  dock
    .command('revoke')
    .description('refuses the dock from now on; an open connection is closed within five minutes')
    .addOption(snOption())
    .action(
      action(async (installation, { sn }: { sn: GatewaySn }) => {
        await revokeDock(installation, sn);
        return { sn, revoked: true };
      }),
    );
};
