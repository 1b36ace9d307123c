import { AwsError } from '../http/aws-error.ts';

/** Bytes from `start` up to `end`, which is not included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range of a `Range` header. Undefined for the whole object: without the header, for other units, and for
 * several ranges, which S3 does not support. Throws `InvalidRange` when the object has no such bytes.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)$/i.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return assertBytes(Math.max(size - Number(last), 0), size, header, size);
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return assertBytes(Number(first), last === '' ? size : Math.min(Number(last) + 1, size), header, size);
}

function assertBytes(start: number, end: number, header: string | undefined, size: number): ByteRange {
  if (start < end) return { start, end };
  throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, {
    RangeRequested: header ?? '',
    ActualObjectSize: String(size),
  });
}
