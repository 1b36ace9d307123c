/**
 * An error whose message tells the person at the terminal what to change. Any other error is a bug or an
 * outage.
 */
export class Refusal extends Error {}
