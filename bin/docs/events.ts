import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import {
  EVENT_VERSION,
  type LibraryEvents,
  type LibraryEventType,
} from '../../functions/core/library-events.ts';
import { DEFAULT_EVENT_SOURCE, EVENT_CONTRACTS } from '../../functions/protocol/library-events.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

export const EVENTS_FILE = join(PROJECT, 'docs', 'events.md');

const WORKSPACE = 'e3dea0f5-37f2-4d79-ae58-490af3228069';
const OBJECT_KEY = `${WORKSPACE}/4ae4139b1c1f9cf7/01JW3T8R5M/DJI_20240516114207_0001_V.MP4`;

const FILE: LibraryEvents['FileRecorded'] = {
  version: EVENT_VERSION,
  workspace_id: WORKSPACE,
  file_id: '6f1ed002ab5595859014ebf0951522d98d5e957a1c7b0c24',
  object_key: OBJECT_KEY,
  version_id: 'LzAyXkm0hGBnz0nCw5jmHbS6q9AMsfYB',
  name: 'DJI_20240516114207_0001_V.MP4',
  path: 'DJI_202405161140_003_0e1f9b7e',
  kind: 'video',
  size: 734003200,
  integrity: 'unverified',
  flight_id: '0a7c1b5e-9a31-4f5e-8a4e-6b1d1c0f2d11',
  drone_sn: '1581F5BKD23280012345',
  captured_at: '2024-05-16T09:42:07.000Z',
  reporter: { kind: 'dock', name: '4TADL210010014' },
};

/** A `detail` of each event. */
export const EXAMPLES: LibraryEvents = {
  FileRecorded: FILE,
  FileVerified: { ...FILE, integrity: 'verified', md5: '5aec4c6e78052bf38fab901bcd1a2319' },
  UploadRefused: {
    version: EVENT_VERSION,
    workspace_id: WORKSPACE,
    object_key: OBJECT_KEY,
    name: FILE.name,
    reason: 'integrity-mismatch',
    reporter: { kind: 'pilot', name: 'jane' },
    refused_at: '2024-05-16T09:58:31.482Z',
  },
  FlightStateChanged: {
    version: EVENT_VERSION,
    workspace_id: WORKSPACE,
    flight_id: '0a7c1b5e-9a31-4f5e-8a4e-6b1d1c0f2d11',
    gateway_sn: '4TADL210010014',
    state: 'complete',
    previous_state: 'uploading',
    expected_file_count: 42,
    uploaded_file_count: 42,
    received_file_count: 42,
    received_bytes: 1287650304,
    changed_at: '2024-05-16T10:03:12.907Z',
  },
};

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** The schema of an event's `detail`. */
function schemaOf(type: LibraryEventType): JsonSchema {
  const { $schema: _dialect, ...schema } = toJsonSchema(EVENT_CONTRACTS[type].detail, {
    target: 'draft-2020-12',
  });
  return { title: type, ...schema } as JsonSchema;
}

const typeOf = ({ type, enum: values, const: value }: JsonSchema): string => {
  if (values) return values.map((text) => `\`${text}\``).join(', ');
  return value === undefined ? (type ?? '') : `\`${value}\``;
};

function rows({ properties = {}, required = [] }: JsonSchema, prefix = ''): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const optional = required.includes(name) ? '' : ' (optional)';
    const own = `| \`${prefix}${name}\`${optional} | ${typeOf(field)} | ${field.description ?? ''} |`;
    return [own, ...rows(field, `${prefix}${name}.`)];
  });
}

const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;

function section(type: LibraryEventType): string {
  const schema = schemaOf(type);
  return `## ${type}

${EVENT_CONTRACTS[type].summary}

| field of \`detail\` | type | |
|---|---|---|
${rows(schema).join('\n')}

${json(EXAMPLES[type])}

<details><summary>JSON Schema of <code>detail</code></summary>

${json(schema)}

</details>
`;
}

const TYPES = Object.keys(EVENT_CONTRACTS) as LibraryEventType[];

const PATTERN = {
  source: [DEFAULT_EVENT_SOURCE],
  'detail-type': ['FlightStateChanged'],
  detail: { state: ['complete', 'reported-complete'] },
};

/** docs/events.md. */
export const eventsText =
  (): string => `<!-- Made by "npm run docs" from functions/protocol/library-events.ts. -->

# Events

The library sends its events to the default event bus of the account (Amazon EventBridge). Their \`source\` is the name
of the stack, \`${DEFAULT_EVENT_SOURCE}\` unless \`stackName\` in the configuration says otherwise.

| \`detail-type\` | sent when |
|---|---|
${TYPES.map((type) => `| [\`${type}\`](#${type.toLowerCase()}) | ${EVENT_CONTRACTS[type].summary} |`).join('\n')}

A rule of the bus selects events and sends them to a queue, a function or an address. This one takes finished flights:

\`\`\`
aws events put-rule --name finished-flights --event-pattern '${JSON.stringify(PATTERN)}'
aws events put-targets --rule finished-flights --targets Id=queue,Arn=QUEUE_ARN
\`\`\`

- Events are sent at least once. After a fault one may come twice. \`file_id\`, or flight and \`changed_at\`, identify it.
- They come in no particular order. Of two \`FlightStateChanged\` of a flight, the one with the later \`changed_at\` is the newer.
- They are sent within seconds, from a queue: no device waits for them.
- \`version\` is ${EVENT_VERSION}. It increases when a field changes its meaning or is removed. Fields may be added at any time, so ignore unknown ones.
- A file may be removed, or turn out to be a \`mismatch\`, after an event about it.

${TYPES.map(section).join('\n')}`;
