import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FunctionRow, MANIFEST } from '../../functions/manifest.ts';
import { buildBundles, bundleSizes, functionEntries } from '../../lib/bundles.ts';

/** A kilobyte is 1,000 bytes here. */
const KB = 1000;

/**
 * The limit of the size of a bundle, in KB, by the services that the function calls: 60 for its own code with
 * log and metrics, 260 with DynamoDB, 300 with DynamoDB and another service, 370 with S3. Replying to docks
 * takes 25 more, sending to queues 30, the event bus another 20.
 */
function budgetOf({ trigger, may }: FunctionRow): number {
  const replies = (trigger.kind === 'mqtt' ? 25 : 0) + (may.queues ? 30 : 0) + (may.events ? 20 : 0);
  if (may.bucket === 'read') return (370 + replies) * KB;
  if (may.uploadRole || may.dockSettings || may.publish || (may.table && may.identity))
    return (300 + replies) * KB;
  return may.table || may.identity ? (260 + replies) * KB : 60 * KB;
}

const BUDGETS = Object.fromEntries(MANIFEST.map((row) => [row.name, budgetOf(row)]));

/** What the stack sets, with every endpoint on a port where nobody listens. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  AWS_MAX_ATTEMPTS: '1',
};
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };

const folder = mkdtempSync(join(tmpdir(), 'media-library-bundles-'));
const functions = join(folder, 'functions');
const probes = join(folder, 'probes');
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Calls a bundled probe in a worker thread with this environment alone, as the local stack runs functions.
 */
const callProbe = (name: string, environment: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(
      `import(${JSON.stringify(join(probes, name, 'index.mjs'))})
        .then((bundle) => bundle.probe())
        .then(() => 'answered', (error) => error.name + ': ' + error.message)
        .then((outcome) => require('node:worker_threads').parentPort.postMessage(outcome));`,
      { eval: true, env: environment },
    );
    worker.once('message', resolve);
    worker.once('error', reject);
  });

describe('the bundles', () => {
  beforeAll(() => buildBundles({ directory: functions }));

  it.each(Object.entries(BUDGETS))('%s has at most %i bytes', (name, budget) => {
    expect(bundleSizes(functions)[name]).toBeLessThanOrEqual(budget);
  });

  it('are as many as the functions', () => {
    expect(readdirSync(functions).sort()).toEqual(Object.keys(BUDGETS).sort());
  });

  it('have distinct names', () => {
    expect(Object.keys(functionEntries())).toHaveLength(MANIFEST.length);
  });

  it('contain only their own contract', () => {
    const holds = (name: string, word: string) =>
      readFileSync(join(functions, name, 'index.mjs'), 'utf8').includes(word);
    expect(holds('sts', '/sts')).toBe(true);
    for (const foreign of ['/fast-upload', 'airport_bind_status', 'Get storage credentials'])
      expect(holds('sts', foreign)).toBe(false);
  });

  it('contain all that they need, and nothing that is slow to load', async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: Object.keys(BUDGETS).map((name) => join(functions, name, 'index.mjs')),
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      outdir: join(folder, 'read-again'),
      metafile: true,
      write: false,
    });
    expect(outputFiles).toHaveLength(Object.keys(BUDGETS).length);
    const imports = Object.values(metafile.outputs).flatMap((output) =>
      output.imports.map(({ path }) => path),
    );
    expect(imports.filter((path) => !path.startsWith('node:'))).toEqual([]);
    expect(imports.filter((path) => ['node:http', 'node:https', 'node:http2'].includes(path))).toEqual([]);
    // esbuild's stand-in for a require() that it could not follow: it throws on Lambda.
    for (const name of Object.keys(BUDGETS))
      expect(readFileSync(join(functions, name, 'index.mjs'), 'utf8')).not.toContain('Dynamic require of');
  });

  it('are not written again when nothing has changed', async () => {
    const written = () =>
      readdirSync(functions).map((name) => statSync(join(functions, name, 'index.mjs')).mtimeMs);
    const before = written();
    await buildBundles({ directory: functions });
    expect(written()).toEqual(before);
  });
});

describe('the SDK in a bundle', () => {
  const services = ['dynamodb', 's3', 'sts', 'iot-data', 'secrets-manager', 'cognito'];
  beforeAll(() =>
    buildBundles({
      directory: probes,
      entries: Object.fromEntries(
        services.map((name) => [name, join(import.meta.dirname, 'probes', `${name}.ts`)]),
      ),
    }),
  );

  it.each(services)('calls %s with the credentials of the environment', async (name) => {
    expect(await callProbe(name, { ...ENVIRONMENT, ...CREDENTIALS })).toMatch(/connect ECONNREFUSED/);
  });

  it.each(services.filter((name) => name !== 'cognito'))(
    'reports that %s needs credentials in the environment',
    async (name) => {
      expect(await callProbe(name, ENVIRONMENT)).toMatch(/^Error: No AWS credentials in the environment\./);
    },
  );
});
