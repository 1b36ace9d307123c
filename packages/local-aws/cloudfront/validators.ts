import { type Headers, headerText } from './headers.ts';

/** Whether the viewer has this response already, by its conditions. ETags win over times. */
export function isNotModified(request: Headers, response: Headers): boolean {
  const ifNoneMatch = headerText(request, 'if-none-match');
  const eTag = headerText(response, 'etag');
  if (ifNoneMatch !== undefined) {
    const candidates = ifNoneMatch.split(',').map((candidate) => opaque(candidate));
    return eTag !== undefined && (candidates.includes('*') || candidates.includes(opaque(eTag)));
  }
  const since = Date.parse(headerText(request, 'if-modified-since') ?? '');
  const lastModified = Date.parse(headerText(response, 'last-modified') ?? '');
  return lastModified <= since;
}

/** Compressed and plain forms of one object have the same ETag but for the mark of a weak one. */
function opaque(eTag: string): string {
  return eTag.trim().replace(/^W\//, '');
}
