import * as v from 'valibot';
import type { FlightRef } from '../core/flight.ts';
import type { ObjectVersion } from '../core/media-file.ts';
import { parseWorkspaceId } from '../core/workspace.ts';

/** Bodies of the messages in the library's own queues. Both functions throw for anything else. */

const WorkspaceText = v.pipe(
  v.string(),
  v.transform((text) => parseWorkspaceId(text)),
);

const ObjectVersionMessage = v.object({
  workspaceId: WorkspaceText,
  objectKey: v.string(),
  versionId: v.string(),
});

const FlightMessage = v.object({
  workspaceId: WorkspaceText,
  flightId: v.string(),
  owner: v.picklist(['pilot', 'dock']),
});

export const toObjectVersion = (body: string): ObjectVersion =>
  v.parse(ObjectVersionMessage, JSON.parse(body));

export const toFlightRef = (body: string): FlightRef => v.parse(FlightMessage, JSON.parse(body));
