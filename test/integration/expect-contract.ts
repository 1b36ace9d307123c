import * as v from 'valibot';
import { expect } from 'vitest';
import { functionsOf } from '../../functions/manifest.ts';
import type { Schema } from '../../functions/protocol/contract.ts';
import { DEFAULT_EVENT_SOURCE, EVENT_CONTRACTS } from '../../functions/protocol/library-events.ts';
import type { BusEvent } from '../../packages/local-aws/index.ts';

const routes = functionsOf('http').flatMap(({ trigger: { contract } }) =>
  contract.routes
    .filter((key) => key !== '$default' && !key.startsWith('OPTIONS '))
    .map((key) => ({
      asked: new RegExp(`^${key.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      output: contract.output,
    })),
);

/** The compiler checks that a handler leaves nothing out. Additional fields are found only in a response. */
function expectExactly(schema: Schema | v.GenericSchema, answer: unknown): void {
  expect(answer).toEqual(v.parse(schema, answer));
}

/** Expects that `data` of a success matches the contract of the route, without other fields. */
export function expectHttpContract(method: string, path: string, data: unknown): void {
  const route = routes.find(({ asked }) => asked.test(`${method} ${path.split('?')[0]}`));
  if (route) expectExactly(route.output, data);
}

/** Expects that `data` of a successful reply matches the contract of the method, without other fields. */
export function expectDockContract(
  method: string | undefined,
  data: Readonly<Record<string, unknown>> | undefined,
): void {
  const contract =
    method === undefined
      ? undefined
      : functionsOf('mqtt').find(({ trigger }) => trigger.contract.method === method)?.trigger.contract;
  if (!contract || !data || (data['result'] ?? 0) !== 0) return;
  const { output, bareReply } = contract;
  if (bareReply && output) expectExactly(output, data);
  else if (output) expectExactly(v.object({ result: v.literal(0), output }), data);
  else expect(data).toEqual({ result: 0 });
}

/** Expects that an event matches docs/events.md, without other fields. */
export function expectEventContract({ source, 'detail-type': type, detail }: BusEvent): void {
  expect(source).toBe(DEFAULT_EVENT_SOURCE);
  expect(Object.keys(EVENT_CONTRACTS)).toContain(type);
  expectExactly(EVENT_CONTRACTS[type as keyof typeof EVENT_CONTRACTS].detail, detail);
}
