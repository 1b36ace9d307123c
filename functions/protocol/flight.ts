import * as v from 'valibot';
import { MalformedRequestError } from '../core/errors.ts';
import { FLIGHT_STATES, type Flight, flightState, prioritizationState } from '../core/flight.ts';
import type { HttpContract } from './contract.ts';
import { OptionalIdentifier, RequiredIdentifier } from './fields.ts';

/** `data` of `flights/{flight_id}`: our own endpoint, in DJI's style. Times are ISO 8601, UTC. */
export const FlightOutput = v.object({
  flight_id: v.string(),
  state: v.picklist(FLIGHT_STATES),
  expected_file_count: v.number(),
  uploaded_file_count: v.number(),
  received_file_count: v.number(),
  /** Files that do not count: their bytes were removed, or differ from the device's. */
  missing_files: v.array(v.object({ name: v.string(), reason: v.picklist(['removed', 'mismatch']) })),
  last_heard_at: v.optional(v.string()),
  gateway_sn: v.optional(v.string()),
  prioritization: v.optional(
    v.object({
      state: v.picklist(['requested', 'accepted', 'refused', 'uploading-first', 'unanswered']),
      gateway_sn: v.string(),
      requested_at: v.string(),
      result: v.optional(v.number()),
    }),
  ),
});

export const toFlightOutput = (
  flightId: string,
  flight: Flight,
  now: number,
): v.InferOutput<typeof FlightOutput> => ({
  flight_id: flightId,
  state: flightState(flight, now),
  expected_file_count: flight.expectedFileCount,
  uploaded_file_count: flight.uploadedFileCount,
  received_file_count: flight.receivedFileCount,
  missing_files: flight.missing.map(({ name, reason }) => ({ name, reason })),
  ...(flight.lastHeardAt && { last_heard_at: flight.lastHeardAt }),
  ...(flight.gatewaySn !== undefined && { gateway_sn: flight.gatewaySn }),
  ...(flight.prioritization && {
    prioritization: {
      state: prioritizationState(flight.prioritization, now),
      gateway_sn: flight.prioritization.gatewaySn,
      requested_at: flight.prioritization.requestedAt,
      ...(flight.prioritization.result !== undefined && { result: flight.prioritization.result }),
    },
  }),
});

/** The flight id in a path. Throws `MalformedRequestError`. */
export function parseFlightId(value: string | undefined): string {
  if (!v.is(RequiredIdentifier, value))
    throw new MalformedRequestError('flight_id: expected 1 to 256 characters');
  return value;
}

/** Body of `prioritize`. The dock is only needed for a flight without files. */
export const PrioritizeFlightInput = v.optional(v.nullable(v.object({ gateway_sn: OptionalIdentifier })));
export type PrioritizeFlightInput = v.InferOutput<typeof PrioritizeFlightInput>;

/** `data` of `prioritize`. */
export const PrioritizeFlightOutput = v.object({ tid: v.string(), bid: v.string(), gateway_sn: v.string() });

/** `flights/{flight_id}`. */
export const FLIGHT = {
  name: 'flight',
  routes: ['GET /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}'],
  access: 'workspace',
  output: FlightOutput,
} as const satisfies HttpContract;

/** `flights/{flight_id}/prioritize`. */
export const PRIORITIZE_FLIGHT = {
  name: 'prioritize-flight',
  routes: ['POST /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}/prioritize'],
  access: 'workspace',
  input: PrioritizeFlightInput,
  output: PrioritizeFlightOutput,
} as const satisfies HttpContract;
