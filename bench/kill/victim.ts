/** A process that may be killed at any moment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Processes that run now: none may be left behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What to run. */
export interface VictimOptions {
  /** A script of this project, and its arguments. */
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** File for what it writes to its standard error. */
  readonly log: string;
}

/** One process, from its start to its end. */
export class Victim {
  /** Resolves to the exit code, or to null when it was killed. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #said = '';

  constructor({ argv, environment, log }: VictimOptions) {
    const errors = openSync(log, 'a');
    const child = spawn(process.execPath, [...argv], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', errors],
      env: { ...process.env, ...environment },
    });
    closeSync(errors);
    this.#child = child;
    running.add(child);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    this.ended = once(child, 'close').then(([exitCode]) => {
      running.delete(child);
      return exitCode as number | null;
    });
  }

  /** All that it has written to its standard output. */
  get said(): string {
    return this.#said;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Resolves to true once it has said this, or to false when it has ended without a word of it. */
  says(text: string): Promise<boolean> {
    return new Promise((resolve) => {
      const listen = (): void => {
        if (this.#said.includes(text)) resolve(true);
      };
      this.#child.stdout?.on('data', listen);
      void this.ended.then(() => resolve(this.#said.includes(text)));
      listen();
    });
  }
}
