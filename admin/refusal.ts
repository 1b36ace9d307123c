/** A reason that the person at the terminal can act on. Every other error is a fault. */
export class Refusal extends Error {}
