/**
 * The CDK app. `npx cdk` runs it; so does `node bin/media-library.ts`, which synthesises into `CDK_OUTDIR` or
 * `cdk.out`. `CDK_VALIDATION=false` leaves out CDK's own check of the template, which takes two thirds of the
 * time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { BUNDLES_DIRECTORY, buildBundles } from '../lib/bundles.ts';
import { ConfigurationError, configurationOf } from '../lib/configuration.ts';
import { MediaLibraryApp } from '../lib/media-library-app.ts';
import { MediaLibraryStack } from '../lib/media-library-stack.ts';
import { checkRegion } from '../lib/regions.ts';

const project = join(import.meta.dirname, '..');
const { context } = JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8'));

const app = new MediaLibraryApp({
  outdir: process.env['CDK_OUTDIR'] ?? join(project, 'cdk.out'),
  // Findings set the exit code instead of a stack trace.
  context: { '@aws-cdk/core:appMode': 'process', ...context },
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

try {
  const configuration = configurationOf(app.node);
  // The template fits any region. `cdk` tells the app which one it would deploy to.
  const region = process.env['CDK_DEFAULT_REGION'];
  if (region) checkRegion(region, configuration);
  await buildBundles();
  new MediaLibraryStack(app, 'MediaLibrary', { configuration, bundlesDirectory: BUNDLES_DIRECTORY });
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
