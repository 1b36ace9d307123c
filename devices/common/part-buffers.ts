import { Pool } from './pool.ts';

/** A fixed number of buffers that every upload of a run shares: memory is their number times their size. */
export class PartBuffers extends Pool<Buffer> {
  readonly sizeBytes: number;

  constructor(count: number, sizeBytes: number) {
    super(count, () => Buffer.allocUnsafeSlow(sizeBytes));
    this.sizeBytes = sizeBytes;
  }
}
