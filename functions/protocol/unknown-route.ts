import * as v from 'valibot';
import type { HttpContract } from './contract.ts';

/** Whatever no other route takes: nothing is read, and there is no good answer. */
export const UNKNOWN_ROUTE = {
  name: 'unknown-route',
  routes: ['$default'],
  access: 'open',
  output: v.never(),
} as const satisfies HttpContract;
