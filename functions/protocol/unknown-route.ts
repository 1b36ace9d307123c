import * as v from 'valibot';
import type { HttpContract } from './contract.ts';

/** All requests without another route. Nothing is read, and there is no response of success. */
export const UNKNOWN_ROUTE = {
  name: 'unknown-route',
  routes: ['$default'],
  access: 'open',
  output: v.never(),
} as const satisfies HttpContract;
