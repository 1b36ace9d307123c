import * as v from 'valibot';
import type { HttpContract } from './contract.ts';

/** Questions of browsers before they send a request to another origin. Nothing is read. */
export const PREFLIGHT = {
  name: 'preflight',
  routes: ['OPTIONS /{proxy+}'],
  access: 'open',
  output: v.strictObject({}),
} as const satisfies HttpContract;
