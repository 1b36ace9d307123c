import type { WorkspaceId } from './workspace.ts';

/** The names of workspaces. Implemented in `adapters/`. */
export interface WorkspaceDirectory {
  /** Undefined when it has no name. */
  findName(workspaceId: WorkspaceId): Promise<string | undefined>;
}
