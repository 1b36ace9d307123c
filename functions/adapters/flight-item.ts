import type { Prioritization } from '../core/flight.ts';
import { present } from '../core/present.ts';

/** A prioritization as it stands in a flight's item. */
export interface PrioritizationItem {
  gateway_sn: string;
  tid: string;
  bid: string;
  requested_at: string;
  result?: number;
  started_at?: string;
}

/** A flight as it stands in the table; its files are items of their own. */
export interface FlightItem {
  expected_file_count?: number;
  uploaded_file_count?: number;
  heard_at?: string;
  gateway_sn?: string;
  prioritization?: PrioritizationItem;
}

export const toPrioritizationItem = (prioritization: Prioritization): PrioritizationItem => ({
  gateway_sn: prioritization.gatewaySn,
  tid: prioritization.tid,
  bid: prioritization.bid,
  requested_at: prioritization.requestedAt,
});

export const fromPrioritizationItem = (item: PrioritizationItem): Prioritization => ({
  gatewaySn: item.gateway_sn,
  tid: item.tid,
  bid: item.bid,
  requestedAt: item.requested_at,
  ...present({ result: item.result, startedAt: item.started_at }),
});
