import type { Prioritization } from './flight.ts';
import type { WorkspaceId } from './workspace.ts';

/** What the library needs to follow a wish from the operator to the dock and back; implemented in `adapters/`. */
export interface PrioritizationLog {
  /** Replaces an earlier wish for the same flight. */
  begin(workspaceId: WorkspaceId, flightId: string, prioritization: Prioritization): Promise<void>;
  /** The dock's `services_reply`. Resolves to false when no wish has this gateway, `tid` and `bid`, or a newer one replaced it. */
  answer(gatewaySn: string, tid: string, bid: string, result: number): Promise<boolean>;
  /** The dock's own word that it uploads this flight first, whether anybody asked or not. */
  started(workspaceId: WorkspaceId, flightId: string, gatewaySn: string, at: string): Promise<void>;
}
