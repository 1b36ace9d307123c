import { AwsError } from '../http/aws-error.ts';

/** An element of a client's document. Its name has no namespace prefix. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The text directly inside it. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly children: OpenElement[];
  text: string;
}

const MAX_DEPTH = 16;

/** Declarations, comments, CDATA, tags and text, in the order in which they must be tried. */
const TOKEN =
  /<\?.*?\?>|<!--.*?-->|<!\[CDATA\[(?<cdata>.*?)\]\]>|<\/(?<end>[^\s<>/]+)\s*>|<(?<start>[^\s<>/!?]+)(?<attributes>(?:\s+[^\s=<>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>|(?<text>[^<]+)/sy;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads the simple XML of S3's requests. Document types are refused, so entities cannot expand. Throws
 * `MalformedXML` unless it is one well-formed element of this name.
 */
export function readXml(document: string, rootName: string): XmlElement {
  const root: OpenElement = { name: '', children: [], text: '' };
  const open: OpenElement[] = [root];
  const text = document.replace(/^\ufeff/, '');
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.groups;
    const current = open.at(-1);
    if (!token || !current) throw malformedXml();
    if (token['start'] !== undefined) {
      const element: OpenElement = { name: localName(token['start']), children: [], text: '' };
      current.children.push(element);
      if (token['empty'] === '') open.push(element);
      if (open.length > MAX_DEPTH) throw malformedXml();
    } else if (token['end'] !== undefined) {
      if (open.length === 1 || current.name !== localName(token['end'])) throw malformedXml();
      open.pop();
    } else {
      current.text += token['cdata'] ?? resolveReferences(token['text'] ?? '');
    }
  }
  const [only, ...more] = root.children;
  if (open.length !== 1 || more.length > 0 || only?.name !== rootName || root.text.trim() !== '') {
    throw malformedXml();
  }
  return only;
}

/** The children with this name. */
export function elements(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter((child) => child.name === name);
}

/** The text of the only child with this name; undefined when there is none. */
export function textOf(parent: XmlElement, name: string): string | undefined {
  const [first, ...more] = elements(parent, name);
  if (more.length > 0) throw malformedXml();
  return first?.text;
}

/** The error for a document of the wrong form. */
export function malformedXml(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function resolveReferences(text: string): string {
  const normalised = text.replaceAll('\r\n', '\n');
  return normalised.replace(/&([^;&]*);?/g, (whole, name: string) => {
    if (!whole.endsWith(';')) throw malformedXml();
    const character = ENTITIES[name] ?? numericReference(name);
    if (character === undefined) throw malformedXml();
    return character;
  });
}

function numericReference(name: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name) ?? [];
  const code = hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
  // A lone surrogate is not a character, and cannot be written as UTF-8.
  if (Number.isNaN(code) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return String.fromCodePoint(code);
}
