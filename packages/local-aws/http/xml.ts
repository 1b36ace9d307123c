/**
 * Content of an element: text, a number, a list of elements of one name, or elements by name. `undefined` is
 * left out.
 */
export type XmlNode =
  | string
  | number
  | boolean
  | undefined
  | XmlNode[]
  | { readonly [name: string]: XmlNode };

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escaped text. Characters that XML 1.0 allows only as references are written as references, as S3 does. */
export function escapeXml(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an object key may hold control characters
    /[&<>"'\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g,
    (character) => ESCAPES[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

/** An XML document: a declaration and one root element, in the namespace if there is one. */
export function xmlDocument(rootName: string, content: XmlNode, namespace?: string): string {
  const attributes = namespace === undefined ? '' : ` xmlns="${escapeXml(namespace)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${rootName}${attributes}>${inner(content)}</${rootName}>`;
}

function inner(node: XmlNode): string {
  if (node === undefined) return '';
  if (typeof node !== 'object') return escapeXml(String(node));
  if (Array.isArray(node)) throw new TypeError('A list in XML needs the name of its elements');
  return Object.entries(node)
    .map(([name, child]) =>
      Array.isArray(child) ? child.map((item) => element(name, item)).join('') : element(name, child),
    )
    .join('');
}

function element(name: string, content: XmlNode): string {
  return content === undefined ? '' : `<${name}>${inner(content)}</${name}>`;
}
