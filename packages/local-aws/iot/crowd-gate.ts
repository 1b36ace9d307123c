/** Counts who is inside, and keeps those who would send more waiting outside while it is crowded. */
export class CrowdGate {
  readonly #places: number;
  #waiting: (() => void)[] = [];
  #inside = 0;
  #open = false;

  constructor(places: number) {
    this.#places = places;
  }

  enter(): void {
    this.#inside += 1;
  }

  leave(): void {
    this.#inside -= 1;
    if (this.#inside < this.#places) this.#letIn();
  }

  /** Resolves when there is a place; nothing when there is one already. */
  whenFree(): Promise<void> | undefined {
    if (this.#open || this.#inside < this.#places) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nobody waits any more. */
  openForGood(): void {
    this.#open = true;
    this.#letIn();
  }

  #letIn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
