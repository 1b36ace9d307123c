import type { Prioritization } from './flight.ts';
import type { WorkspaceId } from './workspace.ts';

/** Follows a prioritization from the operator to the dock and back. Implemented in `adapters/`. */
export interface PrioritizationLog {
  /** Replaces an earlier prioritization of the same flight. */
  begin(workspaceId: WorkspaceId, flightId: string, prioritization: Prioritization): Promise<void>;
  /**
   * Records the dock's `services_reply`. Resolves to false when no prioritization has this gateway, `tid` and
   * `bid`, or a newer one replaced it.
   */
  answer(gatewaySn: string, tid: string, bid: string, result: number): Promise<boolean>;
  /** Records that the dock reported to upload this flight first, whether or not it was asked to. */
  started(workspaceId: WorkspaceId, flightId: string, gatewaySn: string, at: string): Promise<void>;
}
