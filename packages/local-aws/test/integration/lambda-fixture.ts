import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { FunctionCredentials, FunctionDefinition } from '../../lambda/definitions.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-lambda-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A function with this code as its bundle. */
export function bundled(
  name: string,
  code: string,
  overrides: Partial<FunctionDefinition> = {},
): FunctionDefinition {
  const codeDirectory = join(folder, name);
  mkdirSync(codeDirectory, { recursive: true });
  writeFileSync(join(codeDirectory, 'index.mjs'), code);
  return {
    name,
    arn: `arn:aws:lambda:eu-central-1:123456789012:function:${name}`,
    label: name,
    codeDirectory,
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    roleArn: `arn:aws:iam::123456789012:role/${name}`,
    timeoutInSeconds: 5,
    memoryInMegabytes: 128,
    environment: { TABLE: 'catalog' },
    logFormat: 'JSON',
    logGroup: `/aws/lambda/${name}`,
    retryAttempts: 2,
    ...overrides,
  };
}

/** Credentials that say whose they are. */
export const credentials = (owner: string, secondsLeft: number): FunctionCredentials => ({
  accessKeyId: `key of ${owner}`,
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiresAt: new Date(Date.now() + secondsLeft * 1000),
});
