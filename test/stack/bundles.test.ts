import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCK_FUNCTIONS, type DockFunctionName } from '../../functions/dock-methods.ts';
import { HTTP_FUNCTIONS, type HttpFunctionName } from '../../functions/routes.ts';
import { buildBundles, bundleSizes, functionEntries } from '../../lib/bundles.ts';

/** A kilobyte is 1,000 bytes here. */
const KB = 1000;

/**
 * The most that each bundle may weigh: 260 KB with DynamoDB, 300 KB with another service beside it, 365 KB with S3. Those of docks also publish
 * through AWS IoT, which takes 23 KB.
 */
const BUDGETS: Record<HttpFunctionName | DockFunctionName | 'authorizer' | 'object-removed', number> = {
  login: 260 * KB,
  'token-refresh': 260 * KB,
  'fast-upload': 365 * KB,
  'tiny-fingerprints': 260 * KB,
  sts: 300 * KB,
  'upload-callback': 365 * KB,
  'group-upload-callback': 260 * KB,
  flight: 260 * KB,
  'prioritize-flight': 300 * KB,
  'unknown-route': 60 * KB,
  'storage-config-get': 320 * KB,
  'file-upload-callback': 375 * KB,
  'highest-priority-upload-flighttask-media': 285 * KB,
  'upload-flighttask-media-prioritize': 285 * KB,
  config: 300 * KB,
  'airport-bind-status': 285 * KB,
  'airport-organization-get': 285 * KB,
  'airport-organization-bind': 285 * KB,
  'update-topo': 285 * KB,
  'unnamed-message': 60 * KB,
  authorizer: 260 * KB,
  'object-removed': 365 * KB,
};

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

/** Calls a bundled probe in a worker thread with this environment alone, as the local stack runs functions. */
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

  it.each(Object.entries(BUDGETS))('%s stays within %i bytes', (name, budget) => {
    expect(bundleSizes(functions)[name]).toBeLessThanOrEqual(budget);
  });

  it('are as many as there are functions', () => {
    expect(readdirSync(functions).sort()).toEqual(Object.keys(BUDGETS).sort());
  });

  it('each have a name of their own', () => {
    const others = ['authorizer', 'object-removed'].length;
    expect(Object.keys(functionEntries())).toHaveLength(
      HTTP_FUNCTIONS.length + DOCK_FUNCTIONS.length + others,
    );
  });

  it('hold all that they need, and load nothing that is slow to load', async () => {
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

  it('are left alone when nothing has changed', async () => {
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
    'says that %s needs credentials in the environment',
    async (name) => {
      expect(await callProbe(name, ENVIRONMENT)).toMatch(/^Error: No AWS credentials in the environment\./);
    },
  );
});
