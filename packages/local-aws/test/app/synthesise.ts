import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { buildBundles } from './bundles.ts';
import { StationsStack } from './stations-stack.ts';

/** A cloud assembly in a folder of its own. */
export interface TestAssembly extends Disposable {
  readonly directory: string;
}

/** Synthesises the stations' app as `cdk synth` would, with what `add` puts into its stack. */
export async function synthesiseStations(
  add: (stack: StationsStack) => void = () => {},
): Promise<TestAssembly> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'stations-'));
  const bundles = join(folder, 'functions');
  await buildBundles(bundles);
  return synthesise(folder, (app) => add(new StationsStack(app, 'Stations', { bundles })));
}

/** Synthesises an app with the stacks that `add` makes. */
export function synthesise(folder: string, add: (app: App) => unknown): TestAssembly {
  // CDK's own check of templates takes longer than all the rest.
  process.env['CDK_VALIDATION'] = 'false';
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false });
  add(app);
  return {
    directory: app.synth().directory,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
