import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIGURATION_KEY } from '../lib/configuration.ts';
import { waitForLock } from '../packages/local-aws/lock.ts';

/** The repository. */
const PROJECT = fileURLToPath(new URL('../', import.meta.url));

/** The files that the assembly is made from. */
const SOURCES = [
  'package-lock.json',
  'package.json',
  'cdk.json',
  'cdk.context.json',
  'tsconfig.json',
  'bin/media-library.ts',
  'lib',
  'functions',
  'docs/bridge',
];

/** Assemblies that were not used for this long are deleted. */
const UNUSED_AFTER_IN_MILLISECONDS = 7 * 24 * 3600 * 1000;

/** Where to synthesise, and from which sources. */
export interface SynthesisOptions {
  /** Keys of the configuration, besides those of `cdk.json`. @default none */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
  /** @default this repository */
  readonly projectDirectory?: string | undefined;
  /** Folder of assemblies, one for each state of the sources. @default `.build/assembly` of the project */
  readonly cacheDirectory?: string | undefined;
  /** Called before the CDK app runs, which takes seconds. */
  readonly onSynthesis?: (() => void) | undefined;
}

/** The CDK app failed. The message is its output. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

/**
 * The folder of the cloud assembly for the project's present sources. The CDK app runs only when one of them
 * has changed. Several processes may call this at once.
 */
export async function synthesise(options: SynthesisOptions = {}): Promise<string> {
  const project = options.projectDirectory ?? PROJECT;
  const cache = options.cacheDirectory ?? join(project, '.build', 'assembly');
  const context = contextOf(project, options.configuration);
  const directory = join(cache, sourceHash(project, context));
  if (!isUsable(directory)) {
    await mkdir(cache, { recursive: true });
    const lock = await waitForLock(`synthesis ${cache}`, () => `process ${process.pid}`);
    try {
      if (!isUsable(directory)) {
        options.onSynthesis?.();
        await runApp(project, cache, directory, context);
      }
    } finally {
      await lock.release();
    }
  }
  touch(directory);
  removeUnused(cache);
  return directory;
}

/** Marks the assembly as used, so that no other start deletes it. */
export function touch(directory: string): void {
  const now = new Date();
  // Another process may have deleted it all the same. The stack can go on without it.
  if (existsSync(directory)) utimesSync(directory, now, now);
}

/** A hash of the context, and of the names and contents of all sources. */
function sourceHash(project: string, context: Context): string {
  const hash = createHash('sha256').update(process.version).update(JSON.stringify(context));
  for (const source of SOURCES) {
    const path = join(project, source);
    if (!existsSync(path)) continue;
    const files = statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    for (const file of files) {
      const content = readFileSync(file);
      hash.update(`\n${file.slice(project.length)} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

function isUsable(directory: string): boolean {
  return existsSync(join(directory, 'manifest.json'));
}

/** Runs the app in a temporary folder, which gets its final name when it is complete. */
async function runApp(project: string, cache: string, directory: string, context: Context): Promise<void> {
  const temporary = join(cache, `.${randomUUID()}`);
  try {
    const { exitCode, output } = await run(project, {
      CDK_OUTDIR: temporary,
      CDK_CONTEXT_JSON: JSON.stringify(context),
    });
    if (exitCode !== 0)
      throw new SynthesisError(`The CDK app stopped with exit code ${exitCode}:\n${output.trim()}`);
    if (!isUsable(temporary)) throw new SynthesisError('The CDK app wrote no cloud assembly');
    rmSync(directory, { recursive: true, force: true });
    renameSync(temporary, directory);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

type Context = Readonly<Record<string, unknown>>;

/** The context that `cdk` would give the app. */
function contextOf(project: string, configuration: SynthesisOptions['configuration']): Context {
  const read = (file: string): Record<string, unknown> =>
    existsSync(join(project, file)) ? JSON.parse(readFileSync(join(project, file), 'utf8')) : {};
  const context: Context = {
    ...(read('cdk.json')['context'] as object | undefined),
    ...read('cdk.context.json'),
  };
  if (configuration === undefined) return context;
  const own = context[CONFIGURATION_KEY] as object | undefined;
  return { ...context, [CONFIGURATION_KEY]: { ...own, ...configuration } };
}

function run(
  project: string,
  variables: Record<string, string>,
): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join('bin', 'media-library.ts')], {
      cwd: project,
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (text: string): void => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

function removeUnused(cache: string): void {
  const oldest = Date.now() - UNUSED_AFTER_IN_MILLISECONDS;
  for (const entry of readdirSync(cache)) {
    const path = join(cache, entry);
    const unused = (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < oldest;
    if (unused) rmSync(path, { recursive: true, force: true });
  }
}
