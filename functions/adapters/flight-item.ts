import type { Flight, FlightRef, FlightState, MissingReason, Prioritization } from '../core/flight.ts';
import { present } from '../core/present.ts';
import { FLIGHT_PREFIX, type ItemKey } from './media-table-keys.ts';

/** A prioritization in a flight's item. */
export interface PrioritizationItem {
  gateway_sn: string;
  tid: string;
  bid: string;
  requested_at: string;
  result?: number;
  started_at?: string;
}

/** A flight in the table. Its files are separate items. */
export interface FlightItem extends ItemKey {
  entity: 'flight';
  flight_id: string;
  expected_file_count?: number;
  uploaded_file_count?: number;
  heard_at?: string;
  gateway_sn?: string;
  state?: FlightState;
  check_due_at?: string;
  prioritization?: PrioritizationItem;
}

/** A file of a flight. */
export interface MemberItem extends ItemKey {
  entity: 'flight-file';
  file_id: string;
  name: string;
  size: number;
  heard_at: string;
  missing?: MissingReason;
}

export const toPrioritizationItem = (prioritization: Prioritization): PrioritizationItem => ({
  gateway_sn: prioritization.gatewaySn,
  tid: prioritization.tid,
  bid: prioritization.bid,
  requested_at: prioritization.requestedAt,
});

const fromPrioritizationItem = (item: PrioritizationItem): Prioritization => ({
  gatewaySn: item.gateway_sn,
  tid: item.tid,
  bid: item.bid,
  requestedAt: item.requested_at,
  ...present({ result: item.result, startedAt: item.started_at }),
});

/** The owner of an item of a flight's partition. */
export const ownerOfItem = ({ sk }: ItemKey): FlightRef['owner'] =>
  sk.split('#')[1] === 'DOCK' ? 'dock' : 'pilot';

export const isFlightItem = (item: ItemKey): item is FlightItem => item.sk.startsWith(FLIGHT_PREFIX);

/** The flight of an item, which may be missing, and its files. */
export function toFlight(
  ref: FlightRef,
  item: FlightItem | undefined,
  members: readonly MemberItem[],
): Flight {
  const received = members.filter(({ missing }) => missing === undefined);
  const heard = [item?.heard_at, ...members.map(({ heard_at }) => heard_at)].filter((at) => at !== undefined);
  return {
    ...ref,
    expectedFileCount: item?.expected_file_count ?? 0,
    uploadedFileCount: item?.uploaded_file_count ?? 0,
    receivedFileCount: received.length,
    receivedInBytes: received.reduce((sum, { size }) => sum + size, 0),
    missing: members.flatMap(({ name, missing }) => (missing ? { name, reason: missing } : [])),
    ...present({
      lastHeardAt: heard.sort().at(-1),
      gatewaySn: item?.gateway_sn,
      prioritization: item?.prioritization && fromPrioritizationItem(item.prioritization),
      announcedState: item?.state,
      checkDueAt: item?.check_due_at,
    }),
  };
}
