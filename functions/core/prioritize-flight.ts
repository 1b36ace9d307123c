import { randomUUID } from 'node:crypto';
import type { DockServices } from './dock-services.ts';
import { FlightUnknownError, GatewayUnknownError } from './errors.ts';
import type { Prioritization } from './flight.ts';
import type { PrioritizationLog } from './flight-priority.ts';
import { type DeviceRegistry, isGatewaySn } from './gateway.ts';
import type { Flights } from './media-catalog.ts';
import type { WorkspaceId } from './workspace.ts';

export interface PrioritizeFlightPorts {
  readonly catalog: Pick<Flights, 'findFlight'>;
  readonly log: PrioritizationLog;
  readonly registry: DeviceRegistry;
  readonly docks: DockServices;
}

/**
 * Asks a dock to upload a flight before others. The request is stored before it is sent, so that a quick
 * reply finds it. Throws `FlightUnknownError`, `GatewayUnknownError`.
 */
export async function prioritizeFlight(
  { catalog, log, registry, docks }: PrioritizeFlightPorts,
  workspaceId: WorkspaceId,
  flightId: string,
  namedGateway: string | undefined,
): Promise<Prioritization> {
  const flight = namedGateway === undefined ? await catalog.findFlight(workspaceId, flightId) : undefined;
  if (namedGateway === undefined && flight === undefined) throw new FlightUnknownError();
  const sn = namedGateway ?? flight?.gatewaySn;
  if (sn === undefined)
    throw new GatewayUnknownError('No dock flew this flight, as far as is known; name one');

  const gateway = isGatewaySn(sn) ? await registry.findGateway(sn) : undefined;
  // A dock of another workspace counts as unknown.
  if (!gateway || gateway.revoked || gateway.workspaceId !== workspaceId) {
    throw new GatewayUnknownError('No such dock in this workspace');
  }

  const prioritization = {
    gatewaySn: gateway.sn,
    tid: randomUUID(),
    bid: randomUUID(),
    requestedAt: new Date().toISOString(),
  };
  await log.begin(workspaceId, flightId, prioritization);
  const { gatewaySn, tid, bid } = prioritization;
  await docks.prioritizeFlight({ gatewaySn, flightId, tid, bid });
  return prioritization;
}
