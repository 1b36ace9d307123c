/** Counts running work. While there is too much of it, new work has to wait. */
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

  /** Resolves when there is room. Undefined when there is room already. */
  whenFree(): Promise<void> | undefined {
    if (this.#open || this.#inside < this.#places) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing has to wait from now on. */
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
