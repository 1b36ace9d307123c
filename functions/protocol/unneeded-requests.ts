import * as v from 'valibot';
import type { DockContract } from './contract.ts';

/** `flight_areas_get`. The library has no custom flight areas. */
export const FLIGHT_AREAS_GET = {
  name: 'flight-areas-get',
  method: 'flight_areas_get',
  channel: 'requests',
  input: v.unknown(),
} as const satisfies DockContract;

/** `offline_map_get`. The library has no offline maps. */
export const OFFLINE_MAP_GET = {
  name: 'offline-map-get',
  method: 'offline_map_get',
  channel: 'requests',
  input: v.unknown(),
} as const satisfies DockContract;

/** All events that ask for a reply and that no other function handles. */
export const OTHER_EVENTS = {
  name: 'other-events',
  channel: 'events',
  input: v.unknown(),
} as const satisfies DockContract;
