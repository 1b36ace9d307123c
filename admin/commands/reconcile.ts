import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { type AddCommand, workspaceOption } from '../command.ts';

interface ReconcileOptions {
  readonly workspace?: WorkspaceId;
  readonly dryRun?: boolean;
  readonly verify?: boolean;
  readonly anew?: boolean;
}

/** `reconcile`. */
export const reconcileCommand: AddCommand = (program, action) => {
  program
    .command('reconcile')
    .description('compares the catalog with the bucket, and corrects it in both directions')
    .addOption(workspaceOption())
    .option('--dry-run', 'only show the differences')
    .option('--verify', 'read files that were uploaded in parts here, instead of in the function')
    .option('--anew', 'begin at the beginning, not where an earlier run stopped')
    .action(
      action(async (installation, options: ReconcileOptions, run) => {
        const { workspace, dryRun = false, verify = false, anew = false } = options;
        // Loaded only here: no other command needs clients for S3 and SQS.
        const [{ openLibrary }, { ReconcilePlaces }, { reconcileLibrary }] = await Promise.all([
          import('../library.ts'),
          import('../reconcile-places.ts'),
          import('../reconcile.ts'),
        ]);
        const addresses = installation.libraryAddresses();
        const places = new ReconcilePlaces(installation.placesFile, {
          bucket: addresses.bucket,
          table: addresses.table,
          workspace: workspace ?? null,
          dry_run: dryRun,
          verify,
        });
        const request = { workspaceId: workspace, dryRun, verify, anew };
        return await reconcileLibrary(openLibrary(addresses), request, places, run);
      }),
    );
};
