import type { Prioritization } from '../functions/core/flight.ts';
import type { PrioritizationLog } from '../functions/core/flight-priority.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

/** A prioritization log in memory. */
export class InMemoryPrioritizationLog implements PrioritizationLog {
  readonly prioritizations = new Map<string, Prioritization>();

  async begin(workspaceId: WorkspaceId, flightId: string, prioritization: Prioritization): Promise<void> {
    this.prioritizations.set(keyOf(workspaceId, flightId), prioritization);
  }

  async answer(gatewaySn: string, tid: string, bid: string, result: number): Promise<boolean> {
    for (const [key, wish] of this.prioritizations) {
      if (wish.gatewaySn !== gatewaySn || wish.tid !== tid || wish.bid !== bid) continue;
      this.prioritizations.set(key, { ...wish, result });
      return true;
    }
    return false;
  }

  async started(workspaceId: WorkspaceId, flightId: string, gatewaySn: string, at: string): Promise<void> {
    const key = keyOf(workspaceId, flightId);
    const wish = this.prioritizations.get(key) ?? { gatewaySn, tid: '', bid: '', requestedAt: at };
    this.prioritizations.set(key, { ...wish, startedAt: at });
  }
}
