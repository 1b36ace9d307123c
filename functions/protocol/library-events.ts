import * as v from 'valibot';
import { EVENT_VERSION, type LibraryEvents, type LibraryEventType } from '../core/library-events.ts';

/** The `source` of the events of a stack that has the default name: a stack's events are named after it. */
export const DEFAULT_EVENT_SOURCE = 'MediaLibrary';

/** The form of an event's `detail`, for docs/events.md and tests. */
export interface EventContract {
  /** When it is sent. */
  readonly summary: string;
  readonly detail: v.GenericSchema;
}

const text = (description: string) => v.pipe(v.string(), v.description(description));
const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));
const time = (description: string) =>
  v.pipe(v.string(), v.isoTimestamp(), v.description(`${description} (ISO 8601, UTC)`));

const version = v.pipe(v.literal(EVENT_VERSION), v.description('Version of this form'));
const workspace_id = text('The workspace that the file or flight belongs to');
const object_key = text('Key of the object in the media bucket; literal text, never to be decoded');
const reporter = v.pipe(
  v.object({
    kind: v.pipe(v.picklist(['pilot', 'dock']), v.description('Pilot 2, or a dock')),
    name: text('The user, or the serial number of the dock'),
  }),
  v.description('Who reported the file'),
);
const states = v.picklist(['uploading', 'complete', 'reported-complete', 'stalled']);

const FileDetail = v.object({
  version,
  workspace_id,
  file_id: text('Id of the entry in the catalog. The same for each event about this file'),
  object_key,
  version_id: text('Version of the object'),
  name: text('Name of the file. Without a report, the last part of the object key'),
  path: v.exactOptional(text('Path in the report. Absent for a file that was not taken on a wayline')),
  kind: v.pipe(v.picklist(['photo', 'video', 'sidecar', 'other']), v.description('By the extension')),
  size: count('Bytes'),
  integrity: v.pipe(
    v.picklist(['verified', 'mismatch', 'unverified']),
    v.description(
      '`verified`: the MD5 of the stored bytes is known, and no device contradicts it. `mismatch`: a device contradicts it. `unverified`: not known yet',
    ),
  ),
  md5: v.exactOptional(text('MD5 of the stored bytes in hex. Absent while it is not known')),
  flight_id: v.exactOptional(text("Pilot's `file_group_id`, or `flight_id` of a dock")),
  drone_sn: v.exactOptional(text('Serial number of the drone')),
  captured_at: v.exactOptional(
    text('ISO 8601: UTC with `Z`, or local time when the device did not report its time zone'),
  ),
  reporter: v.exactOptional(reporter),
});

const FlightDetail = v.object({
  version,
  workspace_id,
  flight_id: text("Pilot's `file_group_id`, or `flight_id` of a dock"),
  gateway_sn: v.exactOptional(text("The dock that sent the latest message. Absent for Pilot's flights")),
  state: v.pipe(
    states,
    v.description(
      '`complete`: all expected files are here; or, when the device does not say how many, there was no message for 15 minutes. `reported-complete`: the device says that all are uploaded, but fewer are here. `stalled`: files are missing, and there was no message for 15 minutes',
    ),
  ),
  previous_state: v.exactOptional(
    v.pipe(states, v.description('State in the event before. Absent in the first event of a flight')),
  ),
  expected_file_count: count('Files of the flight, as the device says. 0 when it does not say'),
  uploaded_file_count: count('Files that the device says it has uploaded'),
  received_file_count: count('Distinct files that are here'),
  received_bytes: count('Bytes of these files'),
  changed_at: time('When the change was noticed'),
});

const RefusalDetail = v.object({
  version,
  workspace_id,
  object_key,
  name: text('Name of the file in the report'),
  reason: v.pipe(
    v.picklist(['object-key-outside-workspace', 'object-missing', 'integrity-mismatch']),
    v.description(
      '`object-missing`: there is no such object. `integrity-mismatch`: its bytes do not have the reported fingerprint. `object-key-outside-workspace`: the key is not below the workspace',
    ),
  ),
  reporter,
  refused_at: time('When the report was refused'),
});

/** All events on the bus. */
export const EVENT_CONTRACTS = {
  FileRecorded: {
    summary:
      'A file is stored and reported, or bytes in the library got another name. Sent when both the report and the notification of the bucket are in, and again when a later report adds something.',
    detail: FileDetail,
  },
  FileVerified: {
    summary:
      'The bytes of an upload in parts were read: `integrity` is `verified` or `mismatch`. A single PUT is verified when it is recorded, and has no such event.',
    detail: FileDetail,
  },
  UploadRefused: {
    summary: 'A report was refused. The device keeps its copy, and tries again.',
    detail: RefusalDetail,
  },
  FlightStateChanged: {
    summary:
      'A flight has another state than in the event before. Also sent when a flight becomes `stalled` or `complete` by silence.',
    detail: FlightDetail,
  },
} as const satisfies {
  readonly [Type in LibraryEventType]: EventContract & {
    readonly detail: v.GenericSchema<LibraryEvents[Type]>;
  };
};
