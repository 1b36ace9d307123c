import { hash } from 'node:crypto';
import { decodePercent, type RequestTarget } from '../http/request.ts';
import { headerValue, type RequestHead, type SignatureClaims } from './signed-request.ts';

/**
 * The digest of the canonical request of Signature Version 4: method, path, query, headers, body. This is our
 * own code, since the SDK's library took a third of the time of a call.
 */
export function canonicalRequestHash(
  request: RequestHead,
  { rawPath, query }: RequestTarget,
  { service, signedHeaders }: Pick<SignatureClaims, 'service' | 'signedHeaders'>,
  payloadHash: string,
): string {
  const names = [...new Set(signedHeaders)].sort();
  let text = `${request.method ?? 'GET'}\n${canonicalPath(rawPath, service)}\n${canonicalQuery(query)}\n`;
  for (const name of names) text += `${name}:${canonicalValue(headerValue(request, name) ?? '')}\n`;
  return hash('sha256', `${text}\n${names.join(';')}\n${payloadHash}`);
}

/**
 * S3 signs the decoded key, encoded in one way, and keeps `//` and `..`. The other services sign the path as
 * it was sent, normalised, and encoded again.
 */
function canonicalPath(rawPath: string, service: string): string {
  if (service === 's3') return encoded(decodePercent(rawPath)).replaceAll('%2F', '/');
  if (rawPath === '/') return '/';
  const segments: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encoded(segment));
  }
  return `/${segments.join('/')}${segments.length > 0 && rawPath.endsWith('/') ? '/' : ''}`;
}

/** Sorted by name and then by value, both encoded, without the signature. */
function canonicalQuery(query: RequestTarget['query']): string {
  if (query.length === 0) return '';
  return query
    .filter(([name]) => name.toLowerCase() !== 'x-amz-signature')
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .sort(([name, value], [otherName, otherValue]) => order(name, otherName) || order(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function canonicalValue(value: string): string {
  return value
    .replace(/[\r\n]/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '');
}

/** Percent-encoded, except for letters, digits and `-._~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
