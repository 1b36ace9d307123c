/** A fixed number of buffers that every upload of a run shares: memory is their number times their size. */
export interface PartBuffer {
  readonly bytes: Buffer;
  release(): void;
}

/** Hands out the buffers in the order they are asked for; whoever finds none free waits. */
export class PartBuffers {
  readonly count: number;
  readonly sizeBytes: number;
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];
  #created = 0;

  constructor(count: number, sizeBytes: number) {
    this.count = count;
    this.sizeBytes = sizeBytes;
  }

  /** Waits for a free buffer. Whoever waits while the signal aborts gets the signal's error. */
  async acquire(signal?: AbortSignal): Promise<PartBuffer> {
    signal?.throwIfAborted();
    const bytes = this.#free.pop() ?? this.#create() ?? (await this.#next(signal));
    let held = true;
    return {
      bytes,
      release: () => {
        if (held) this.#release(bytes);
        held = false;
      },
    };
  }

  #create(): Buffer | undefined {
    if (this.#created >= this.count) return undefined;
    this.#created++;
    return Buffer.allocUnsafeSlow(this.sizeBytes);
  }

  #next(signal: AbortSignal | undefined): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const receive = (buffer: Buffer): void => {
        signal?.removeEventListener('abort', leave);
        resolve(buffer);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(receive), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(receive);
    });
  }

  #release(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else this.#free.push(buffer);
  }
}
