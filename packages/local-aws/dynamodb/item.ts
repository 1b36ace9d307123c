/** A value with its type, in DynamoDB's form: `{ "S": "text" }`. */
export type AttributeValue = Readonly<Record<string, unknown>>;

/** An item, a key of an item, or an entry of an index. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** Type and content of a value. */
export function typed(value: AttributeValue): readonly [type: string, content: unknown] {
  for (const type in value) return [type, value[type]];
  throw new TypeError('An attribute value has no type');
}

/**
 * The size of an item by AWS's rules ("DynamoDB item sizes and formats"): names and strings in UTF-8; for
 * numbers, a byte for two digits and one more; 3 bytes for a list or map, and one for each of its elements.
 */
export function itemSizeInBytes(item: Item): number {
  let size = 0;
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) size += Buffer.byteLength(name) + valueSizeInBytes(value);
  }
  return size;
}

/** Whether DynamoDB treats two values as equal. Sets have no order. */
export function sameValue(left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  const [type, content] = typed(left);
  const other = right[type];
  if (other === undefined) return false;
  switch (type) {
    case 'L':
      return sameLists(content as AttributeValue[], other as AttributeValue[]);
    case 'M':
      return sameItem(content as Item, other as Item);
    case 'SS':
    case 'NS':
    case 'BS': {
      const members = new Set(other as string[]);
      return (
        (content as string[]).length === members.size &&
        (content as string[]).every((one) => members.has(one))
      );
    }
    default:
      return content === other;
  }
}

/** Whether two items, or two maps, have the same attributes. */
export function sameItem(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => sameValue(left[name], right[name]))
  );
}

function sameLists(left: readonly AttributeValue[], right: readonly AttributeValue[]): boolean {
  return left.length === right.length && left.every((value, index) => sameValue(value, right[index]));
}

function valueSizeInBytes(value: AttributeValue): number {
  const [type, content] = typed(value);
  switch (type) {
    case 'S':
      return Buffer.byteLength(content as string);
    case 'B':
      return Buffer.byteLength(content as string, 'base64');
    case 'N':
      return numberSizeInBytes(content as string);
    case 'SS':
      return sum(content as string[], (text) => Buffer.byteLength(text));
    case 'BS':
      return sum(content as string[], (text) => Buffer.byteLength(text, 'base64'));
    case 'NS':
      return sum(content as string[], numberSizeInBytes);
    case 'L':
      return 3 + sum(content as AttributeValue[], (element) => 1 + valueSizeInBytes(element));
    case 'M':
      return 3 + Object.keys(content as Item).length + itemSizeInBytes(content as Item);
    default:
      // NULL and BOOL
      return 1;
  }
}

/**
 * Digits are stored in pairs on both sides of the decimal point. Zeros at the ends do not count; a sign does.
 */
function numberSizeInBytes(number: string): number {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d*?)(?:\.(\d*?)0*)?$/.exec(number) ?? [];
  const pairsBefore = Math.ceil(whole.length / 2);
  const pairsAfter = Math.ceil(fraction.length / 2);
  const paired = whole.padStart(2 * pairsBefore, '0') + fraction.padEnd(2 * pairsAfter, '0');
  const significant = paired.replace(/^(?:00)+/, '').replace(/(?:00)+$/, '');
  if (significant === '') return 1;
  return 1 + significant.length / 2 + (sign === '-' ? 1 : 0);
}

function sum<Element>(elements: readonly Element[], sizeOf: (element: Element) => number): number {
  return elements.reduce((total, element) => total + sizeOf(element), 0);
}
