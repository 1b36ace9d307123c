import * as v from 'valibot';
import type { DockContract } from './contract.ts';
import { RequiredDeviceIdentifier, Result } from './fields.ts';

/** The service that asks a dock to upload a flight before others. Its reply has the same method. */
const PRIORITIZE_METHOD = 'upload_flighttask_media_prioritize';

/** The ids of a request and its reply. */
export interface ServiceRequest {
  readonly tid: string;
  readonly bid: string;
  readonly gatewaySn: string;
  readonly flightId: string;
}

/** The request in DJI's form (protocol section 4). */
export const toPrioritizeRequest = ({ tid, bid, gatewaySn, flightId }: ServiceRequest): object => ({
  tid,
  bid,
  timestamp: Date.now(),
  gateway: gatewaySn,
  method: PRIORITIZE_METHOD,
  data: { flight_id: flightId },
});

/** The dock's reply to the request. */
export const UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE = {
  name: 'upload-flighttask-media-prioritize',
  method: PRIORITIZE_METHOD,
  channel: 'services_reply',
  input: v.object({ result: Result }),
} as const satisfies DockContract;

/** A dock's report that it uploads a flight first. DJI's example leaves out `method`. */
export const HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA = {
  name: 'highest-priority-upload-flighttask-media',
  method: 'highest_priority_upload_flighttask_media',
  channel: 'events',
  takesUnnamed: true,
  input: v.object({ flight_id: RequiredDeviceIdentifier }),
} as const satisfies DockContract;
