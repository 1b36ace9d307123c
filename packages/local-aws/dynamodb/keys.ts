import { hash } from 'node:crypto';
import { numberAsSortableText } from './dynalite.ts';
import { type AttributeValue, type Item, typed } from './item.ts';
import type { KeySchema } from './table.ts';

/**
 * Keys in the store are bytes, sorted from the left. A key starts with a digest of its partition key, so that
 * a scan returns partitions in no useful order, as on AWS. Then come the partition key and the sort key. The
 * key of an index entry ends with the whole key of its item, since several items may have the same index key.
 */

/** Bytes of the digest. Parallel scans divide their range. */
export const DIGEST_LENGTH_IN_BYTES = 3;

/**
 * Ends each part of a key. A zero byte inside a part is followed by a one, so that parts are not confused.
 */
const END = '\0\0';

/** The key of an item in its table, or the first part of the key of an index entry. */
export function keyOf(schema: KeySchema, item: Item): Buffer {
  const [partition, sort] = schema.map(({ AttributeName: name }) => encode(attributeOf(item, name)));
  if (!partition) throw new TypeError('A key schema without a partition key');
  return Buffer.concat([digest(partition), partition, ...(sort ? [sort] : [])]);
}

/** The key of an item's entry in an index. */
export function entryKeyOf(indexSchema: KeySchema, tableSchema: KeySchema, item: Item): Buffer {
  return Buffer.concat([keyOf(indexSchema, item), keyOf(tableSchema, item)]);
}

/** The beginning of all keys of a partition. */
export function partitionPrefix(value: AttributeValue): Buffer {
  const partition = encode(value);
  return Buffer.concat([digest(partition), partition]);
}

/** A complete part of a key. */
export function encode(value: AttributeValue): Buffer {
  const [type, content] = typed(value);
  const { text, encoding } = sortable(type, String(content));
  return Buffer.from(text + END, encoding);
}

/** The beginning of a part of a key, for `begins_with`. */
export function encodeBeginning(value: AttributeValue): Buffer {
  const [type, content] = typed(value);
  const { text, encoding } = sortable(type, String(content));
  return Buffer.from(text, encoding);
}

/** The first key after all those that begin with `prefix`. */
export function afterAllWith(prefix: Buffer): Buffer {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) throw new RangeError('No key comes after all others');
  const after = Buffer.from(prefix.subarray(0, length));
  after[length - 1] = (after[length - 1] ?? 0) + 1;
  return after;
}

/** The first key after `key`. */
export function justAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}

function attributeOf(item: Item, name: string): AttributeValue {
  const value = item[name];
  if (value === undefined) throw new TypeError(`The key attribute ${name} is missing`);
  return value;
}

function sortable(type: string, content: string): { text: string; encoding: 'utf8' | 'latin1' } {
  if (type === 'N') return { text: numberAsSortableText(content), encoding: 'latin1' };
  const encoding = type === 'B' ? 'latin1' : 'utf8';
  const text = type === 'B' ? Buffer.from(content, 'base64').toString('latin1') : content;
  return { text: text.includes('\0') ? text.replaceAll('\0', '\0\u0001') : text, encoding };
}

function digest(partition: Buffer): Buffer {
  return hash('md5', partition, 'buffer').subarray(0, DIGEST_LENGTH_IN_BYTES);
}
