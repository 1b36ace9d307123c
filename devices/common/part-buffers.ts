import { Pool } from './pool.ts';

/** A fixed number of buffers, shared by all uploads of a run. They limit its memory. */
export class PartBuffers extends Pool<Buffer> {
  readonly sizeInBytes: number;

  constructor(count: number, sizeInBytes: number) {
    super(count, () => Buffer.allocUnsafeSlow(sizeInBytes));
    this.sizeInBytes = sizeInBytes;
  }
}
