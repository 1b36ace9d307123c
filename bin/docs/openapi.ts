import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import { is } from 'valibot';
import { stringify } from 'yaml';
import { type ApiTexts, functionsOf, type RowOf } from '../../functions/manifest.ts';
import type { Schema } from '../../functions/protocol/contract.ts';
import { isLenient } from '../../functions/protocol/lenient.ts';

const fileInRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const OPENAPI_FILE = fileInRepository('docs/openapi.yaml');

type Json = Record<string, unknown>;

/** A lenient field lists the forms that are understood; any other form is accepted too. */
const overrideSchema: ConversionConfig['overrideSchema'] = ({ valibotSchema, jsonSchema }) =>
  isLenient(valibotSchema)
    ? {
        description: 'A value of any other form is left out',
        anyOf: [...(jsonSchema.anyOf ?? [jsonSchema]), {}],
      }
    : undefined;

const schemaOf = (schema: Schema, typeMode: 'input' | 'output'): Json => {
  const { $schema: _dialect, ...json } = toJsonSchema(schema, {
    typeMode,
    target: 'draft-2020-12',
    overrideSchema,
  });
  return json as Json;
};

const envelopeOf = (code: Json, data: Json): Json => ({
  type: 'object',
  required: ['code', 'message', 'data'],
  properties: { code, message: { type: 'string' }, data },
});

const successOf = (output: Schema): Json =>
  envelopeOf({ type: 'integer', const: 0, description: 'Success' }, schemaOf(output, 'output'));

const answer = (description: string, schema: Json): Json => ({
  description,
  headers: { 'X-Request-ID': { schema: { type: 'string' } } },
  content: { 'application/json': { schema } },
});

const REFUSAL: Json = { $ref: '#/components/schemas/Refusal' };

/** The response for success, and for a refusal that is HTTP 200 too. */
function okOf({ trigger: { contract } }: RowOf<'http'>, { refusals = {} }: ApiTexts): Json {
  const success = successOf(contract.output);
  return refusals[200] === undefined
    ? answer('The envelope', success)
    : answer(`The envelope. ${refusals[200]}`, { anyOf: [success, REFUSAL] });
}

/** Refusals that all handlers share. API Gateway's own 401 and 429 do not have DJI's envelope. */
function refusalsOf({ trigger: { contract } }: RowOf<'http'>, { refusals = {} }: ApiTexts): Json {
  const { 200: _ok, ...others } = refusals;
  const { access, input } = contract;
  const told: Record<number, string> = {
    400: 'The request is malformed; `message` says where',
    ...(access === 'workspace' && { 403: 'The token does not allow this workspace' }),
    ...(input && { 413: 'The body is too large' }),
    500: 'The server failed; `message` holds the request id. Try again',
    503: 'Throttled by a service behind this one. Try again',
    ...others,
  };
  const answers: [string, Json][] = Object.entries(told).map(([status, text]) => [
    status,
    answer(text, REFUSAL),
  ]);
  if (access !== 'open') {
    answers.push([
      '401',
      {
        description: 'The token is missing, invalid or expired: API Gateway’s own response',
        content: {
          'application/json': { schema: { type: 'object', properties: { message: { type: 'string' } } } },
        },
      },
    ]);
  }
  return Object.fromEntries(answers.sort(([a], [b]) => a.localeCompare(b)));
}

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema:
      name === 'workspace_id'
        ? { type: 'string', format: 'uuid', description: 'In lower case' }
        : { type: 'string', minLength: 1, maxLength: 256 },
  }));

const queryParameters = ({ query = [] }: ApiTexts): Json[] =>
  query.map(({ name, description, required = false, many = false }) => ({
    name,
    in: 'query',
    required,
    description,
    ...(many && { explode: true }),
    schema: many ? { type: 'array', items: { type: 'string' } } : { type: 'string' },
  }));

function operationOf(row: RowOf<'http'>, texts: ApiTexts, method: string, path: string): Json {
  const { name, routes, access, input } = row.trigger.contract;
  return {
    operationId: method === 'get' && routes.length > 1 ? `${name}-get` : name,
    summary: texts.summary,
    description: texts.description,
    security: access === 'open' ? [] : [{ token: [] }],
    parameters: [
      ...pathParameters(path),
      ...(method === 'get' ? queryParameters(texts) : []),
      { $ref: '#/components/parameters/RequestId' },
    ],
    ...(method !== 'get' &&
      input && {
        requestBody: {
          required: !is(input, null),
          content: { 'application/json': { schema: schemaOf(input, 'input') } },
        },
      }),
    responses: {
      200: okOf(row, texts),
      ...refusalsOf(row, texts),
    },
  };
}

/** By path and method, without the routes for any path. */
function paths(): Json {
  const items: Record<string, Json> = {};
  for (const row of functionsOf('http')) {
    if (!row.api) continue;
    for (const routeKey of row.trigger.contract.routes) {
      const [method = '', path = ''] = routeKey.split(' ');
      items[path] = {
        ...items[path],
        [method.toLowerCase()]: operationOf(row, row.api, method.toLowerCase(), path),
      };
    }
  }
  return items;
}

/** The HTTP API as OpenAPI 3.1. */
export const openApiDocument = (): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'DJI media library',
    version: JSON.parse(readFileSync(fileInRepository('package.json'), 'utf8')).version,
    description: 'The cloud side of DJI media upload over HTTPS. Independent of DJI.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  paths: paths(),
  components: {
    securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'x-auth-token' } },
    parameters: {
      RequestId: {
        name: 'X-Request-ID',
        in: 'header',
        required: false,
        description:
          'Logged and returned when it is 1 to 128 visible ASCII characters; otherwise the server makes one',
        schema: { type: 'string' },
      },
    },
    schemas: {
      Refusal: envelopeOf({ type: 'integer', not: { const: 0 } }, { type: 'object', maxProperties: 0 }),
    },
  },
});

/** The document as YAML. */
export const openApiText = (): string =>
  `# Made by "npm run docs" from the schemas that the handlers validate with.\n${stringify(openApiDocument(), { lineWidth: 120, aliasDuplicateObjects: false })}`;
