/**
 * `node packages/local-aws/test/readme-tables.ts`
 *
 * Writes the tables of the package's README from the code, and its example from the test that runs it; a test fails when
 * they drift.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from '../cloudfront/managed-policies.ts';
import { CLOUDFRONT_HEADERS } from '../cloudfront/origin-request.ts';
import { groupOperations } from '../cognito/group-administration.ts';
import { descriptionOperations } from '../cognito/pool-description.ts';
import { signInOperations } from '../cognito/sign-in.ts';
import { userOperations } from '../cognito/user-administration.ts';
import { DYNAMODB_OPERATIONS } from '../dynamodb/dynalite.ts';
import { eventBridgeOperations } from '../events/operations.ts';
import { S3_OPERATIONS } from '../s3/operations.ts';
import { secretsManagerOperations } from '../secrets-manager/operations.ts';
import { SERVICES, type ServiceKey } from '../services.ts';
import { sqsOperations } from '../sqs/operations.ts';
import { STS_OPERATIONS } from '../sts/sts.ts';
import { INTRINSIC_FUNCTIONS } from '../template/intrinsics.ts';
import { CLOUDFRONT_PROPERTIES } from '../template/resources/cloudfront-properties.ts';
import { MANAGED_POLICIES } from '../template/resources/iam.ts';
import { RESOURCE_TYPES } from '../template/resources/index.ts';

export const README_FILE = new URL('../README.md', import.meta.url);

const EXAMPLE_FILE = new URL('integration/example.test.ts', import.meta.url);

/** Operations are listed without a service that would run them. */
const NOBODY = (() => undefined) as never;

const OPERATIONS: Readonly<Record<ServiceKey, readonly string[] | string>> = {
  api: 'HTTP API: payload format 2.0, JWT authorizers, CORS, throttling, access log',
  s3: S3_OPERATIONS,
  sts: STS_OPERATIONS,
  dynamodb: DYNAMODB_OPERATIONS,
  cognito: Object.keys({
    ...signInOperations(NOBODY),
    ...userOperations(NOBODY),
    ...groupOperations(NOBODY),
    ...descriptionOperations(NOBODY),
  }),
  mqtt: 'MQTT 3.1.1 over TCP, custom authorizers, topic rules; MQTT 5 is refused',
  mqtt_ws: 'the same over WebSocket',
  iot_data: ['Publish'],
  secretsmanager: Object.keys(secretsManagerOperations(NOBODY)),
  sqs: Object.keys(sqsOperations(NOBODY)),
  eventbridge: Object.keys(eventBridgeOperations(NOBODY)),
  cloudfront:
    'one distribution: behaviors, origins, policies, functions, error responses, cache, compression',
  other: 'none: every call is refused by the name of its service',
};

/** What stands between the README's marks. */
const SECTIONS: Readonly<Record<string, () => string>> = {
  example: () => `\`\`\`ts\n${readFileSync(EXAMPLE_FILE, 'utf8')}\`\`\``,
  services: () =>
    table(
      ['address', 'service', 'operations'],
      SERVICES.map(({ key, title }) => {
        const operations = OPERATIONS[key];
        return [
          code(key),
          title,
          typeof operations === 'string' ? operations : codes([...operations].sort()),
        ];
      }),
    ),
  types: () =>
    table(
      ['resource type', 'properties', '`Fn::GetAtt`'],
      Object.entries(RESOURCE_TYPES)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([type, { properties, attributes = {} }]) => [
          code(type),
          properties === 'any' ? 'any; none has an effect' : codes([...properties].sort()),
          codes(Object.keys(attributes).sort()),
        ]),
    ),
  intrinsics: () => codes(INTRINSIC_FUNCTIONS),
  'managed-policies': () => codes(MANAGED_POLICIES),
  cloudfront: () =>
    table(
      ['part', 'properties'],
      Object.entries(CLOUDFRONT_PROPERTIES).map(([part, properties]) => [
        // `errorResponse` → `error response`
        part.replaceAll(/(?=[A-Z])/g, ' ').toLowerCase(),
        codes(properties),
      ]),
    ),
  'cloudfront-policies': () =>
    codes(
      [MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES, MANAGED_RESPONSE_HEADERS_POLICIES].flatMap(
        (policies) => [...policies.values()].map(({ name }) => name),
      ),
    ),
  'cloudfront-headers': () => codes(CLOUDFRONT_HEADERS),
};

/** The README with its tables as the code has them. Throws when a mark is missing. */
export function upToDate(readme: string): string {
  return Object.entries(SECTIONS).reduce((text, [name, section]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`The README has no ${start} … ${end}`);
    return `${text.slice(0, from + start.length)}\n${section()}\n${text.slice(to)}`;
  }, readme);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;

const codes = (texts: readonly string[]): string => texts.map(code).join(', ');

if (import.meta.main) writeFileSync(README_FILE, upToDate(readFileSync(README_FILE, 'utf8')));
