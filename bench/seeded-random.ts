/** Random choices that are the same for the same seed. */
import { createCipheriv, createHash } from 'node:crypto';

const KEY_LENGTH = 16;

/** Whoever needs choices of its own takes a fork, so that nobody's choices depend on how often others chose. */
export class SeededRandom {
  readonly #seed: string;
  readonly #key: Buffer;
  readonly #stream: ReturnType<typeof createCipheriv>;

  constructor(seed: string) {
    this.#seed = seed;
    this.#key = createHash('sha256').update(seed).digest();
    this.#stream = this.#newStream(0);
  }

  /** Another sequence, named within this one. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`);
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    return this.#stream.update(Buffer.alloc(4)).readUInt32BE() / 2 ** 32;
  }

  /** A whole number, both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of the choices, the more often the higher its weight. */
  pick<Choice>(choices: ReadonlyMap<Choice, number>): Choice {
    const total = [...choices.values()].reduce((sum, weight) => sum + weight, 0);
    let left = this.next() * total;
    for (const [choice, weight] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new Error('There is nothing to choose from');
  }

  /** One of the items; there must be one. */
  oneOf<Item>(items: readonly Item[]): Item {
    return this.pick(new Map(items.map((item) => [item, 1])));
  }

  /** Bytes like no others of this seed. */
  bytes(count: number): Buffer {
    return this.#newStream(1 + this.integer(0, 2 ** 31)).update(Buffer.alloc(count));
  }

  #newStream(number: number) {
    const counter = Buffer.alloc(KEY_LENGTH);
    counter.writeUInt32BE(number);
    return createCipheriv('aes-128-ctr', this.#key.subarray(0, KEY_LENGTH), counter);
  }
}
