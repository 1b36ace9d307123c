import type { WorkspaceId } from './workspace.ts';

/** What the library needs from whoever knows how people call their workspaces; implemented in `adapters/`. */
export interface WorkspaceDirectory {
  /** Undefined when nobody has named it. */
  findName(workspaceId: WorkspaceId): Promise<string | undefined>;
}
