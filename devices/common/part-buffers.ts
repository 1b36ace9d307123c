import { Pool } from './pool.ts';

/** A fixed number of buffers that every upload of a run shares: memory is their number times their size. */
export class PartBuffers extends Pool<Buffer> {
  readonly sizeInBytes: number;

  constructor(count: number, sizeInBytes: number) {
    super(count, () => Buffer.allocUnsafeSlow(sizeInBytes));
    this.sizeInBytes = sizeInBytes;
  }
}
