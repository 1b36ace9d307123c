/**
 * EventBridge `Object Deleted` of the media bucket
 *
 * Somebody, or a lifecycle rule, removed an object: from now on no device may hear that the library has it. `fast-upload` would notice by
 * itself; the answer to tiny fingerprints looks at markers only.
 */
import type { EventBridgeEvent } from 'aws-lambda';
import { forgetRemovedObject } from '../core/forget-removed-object.ts';
import type { RecordUploadPorts } from '../core/record-upload.ts';
import { type EventEndpoint, eventEndpoint } from '../middleware/event-endpoint.ts';
import { recordUploadPorts } from '../ports.ts';

/** What S3 tells EventBridge of a removal; the key is not percent-encoded here. */
type ObjectDeleted = EventBridgeEvent<'Object Deleted', { readonly object: { readonly key: string } }>;

export const objectRemoved =
  (ports: RecordUploadPorts): EventEndpoint<ObjectDeleted> =>
  async ({ detail: { object } }) => ({
    object_key: object.key,
    forgotten: await forgetRemovedObject(ports, object.key),
  });

export const handler = eventEndpoint(objectRemoved(recordUploadPorts()));
