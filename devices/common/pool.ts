/** An item taken from a pool, until it is released. */
export interface Held<Item> {
  readonly item: Item;
  /** Returns it to the pool. Further calls do nothing. */
  release(): void;
}

/** A fixed number of items, created when needed, and handed out in the order of the requests. */
export class Pool<Item> {
  readonly count: number;
  readonly #make: () => Item;
  readonly #free: Item[] = [];
  readonly #waiting: ((item: Item) => void)[] = [];
  #made = 0;

  constructor(count: number, make: () => Item) {
    this.count = count;
    this.#make = make;
  }

  /** Waits for a free item. Rejects with the signal's error when the signal aborts. */
  async acquire(signal?: AbortSignal): Promise<Held<Item>> {
    signal?.throwIfAborted();
    const item = this.#free.length > 0 ? (this.#free.pop() as Item) : await this.#next(signal);
    let held = true;
    return {
      item,
      release: () => {
        if (held) this.#release(item);
        held = false;
      },
    };
  }

  async #next(signal: AbortSignal | undefined): Promise<Item> {
    if (this.#made < this.count) {
      this.#made++;
      return this.#make();
    }
    return new Promise((resolve, reject) => {
      const receive = (item: Item): void => {
        signal?.removeEventListener('abort', leave);
        resolve(item);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(receive), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(receive);
    });
  }

  #release(item: Item): void {
    const next = this.#waiting.shift();
    if (next) next(item);
    else this.#free.push(item);
  }
}
