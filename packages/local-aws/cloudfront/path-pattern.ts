import type { BehaviorDefinition } from './definitions.ts';

/**
 * The behavior for a path: the first one whose pattern matches. As in CloudFront, `.` and `..` are resolved
 * for the match, and the origin gets the path as it was sent. Repeated slashes stay.
 */
export function behaviorFor(behaviors: readonly BehaviorDefinition[], path: string): BehaviorDefinition {
  const normalised = withoutDotSegments(path);
  const found = behaviors.find(({ pathPattern }) => matchesPath(pathPattern, normalised));
  if (!found) throw new Error('A distribution has a behavior for every path');
  return found;
}

/** Whether a path matches a pattern. The slash at its beginning can be left out in the pattern. */
export function matchesPath(pattern: string, path: string): boolean {
  const expression = pattern
    .replace(/^\//, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(path.replace(/^\//, ''));
}

/** RFC 3986: unreserved characters need no percent-encoding, and `a/../b` is `b`. */
function withoutDotSegments(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : encoded;
  });
  const segments: string[] = [];
  const parts = decoded.split('/').slice(1);
  for (const [index, part] of parts.entries()) {
    const isDots = part === '.' || part === '..';
    if (part === '..') segments.pop();
    if (!isDots) segments.push(part);
    else if (index === parts.length - 1) segments.push('');
  }
  return `/${segments.join('/')}`;
}
