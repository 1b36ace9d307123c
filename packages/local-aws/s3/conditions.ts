import { notImplemented } from '../http/aws-error.ts';
import { noSuchKey, preconditionFailed } from './errors.ts';
import type { S3Request } from './s3-request.ts';
import type { ObjectVersion } from './store/object-metadata.ts';

/** The result of a conditional read. */
export type ReadCondition = 'proceed' | 'not-modified';

/** The time of a version in whole seconds, as in `Last-Modified`. */
export function lastModifiedInSeconds({ lastModified }: Pick<ObjectVersion, 'lastModified'>): number {
  return Math.floor(lastModified / 1000);
}

/**
 * Checks `If-Match` and the other conditions, or those with a prefix such as `x-amz-copy-source-`. As in RFC
 * 9110, ETags win over times. Throws `PreconditionFailed`.
 */
export function readCondition(request: S3Request, version: ObjectVersion, prefix = ''): ReadCondition {
  const header = (name: string) => request.header(`${prefix}${name}`);
  const ifMatch = header('if-match');
  if (ifMatch !== undefined) {
    if (!matchesETag(ifMatch, version.eTag)) throw preconditionFailed('If-Match');
  } else {
    const unmodifiedSince = seconds(header('if-unmodified-since'));
    if (unmodifiedSince !== undefined && lastModifiedInSeconds(version) > unmodifiedSince) {
      throw preconditionFailed('If-Unmodified-Since');
    }
  }
  const ifNoneMatch = header('if-none-match');
  if (ifNoneMatch !== undefined) return matchesETag(ifNoneMatch, version.eTag) ? 'not-modified' : 'proceed';
  const modifiedSince = seconds(header('if-modified-since'));
  return modifiedSince !== undefined && lastModifiedInSeconds(version) <= modifiedSince
    ? 'not-modified'
    : 'proceed';
}

/**
 * A function that checks the conditions of a write against the version it replaces, in the moment of the
 * write.
 */
export function writePrecondition(request: S3Request): (latest: ObjectVersion | undefined) => void {
  const ifNoneMatch = request.header('if-none-match');
  const ifMatch = request.header('if-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw notImplemented('If-None-Match with an ETag on writes');
  return (latest) => {
    const current = latest?.deleteMarker ? undefined : latest;
    if (ifNoneMatch !== undefined && current) throw preconditionFailed('If-None-Match');
    if (ifMatch === undefined) return;
    if (!current) throw noSuchKey(request.key);
    if (!matchesETag(ifMatch, current.eTag)) throw preconditionFailed('If-Match');
  };
}

/** Whether this ETag is in a list of ETags, which may be quoted. `*` matches all. */
export function matchesETag(list: string, eTag: string): boolean {
  return list
    .split(',')
    .map((candidate) => candidate.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((candidate) => candidate === '*' || candidate === eTag);
}

function seconds(httpDate: string | undefined): number | undefined {
  const time = Date.parse(httpDate ?? '');
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
