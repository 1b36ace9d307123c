import type { Answer } from './render.ts';

/**
 * An error whose message tells the person at the terminal what to change. Any other error is a bug or an
 * outage.
 */
export class Refusal extends Error {}

/** Part of the work is done. The message says how to continue. */
export class Unfinished extends Refusal {
  readonly answer: Answer;
  readonly exitCode: number;

  constructor(message: string, answer: Answer, exitCode: number) {
    super(message);
    this.answer = answer;
    this.exitCode = exitCode;
  }
}
