import { sendDocument } from './answers.ts';
import { invalidArgument } from './errors.ts';
import { afterMarker, firstEntries, type ListParameters, listParameters } from './list-parameters.ts';
import { xmlTime } from './object-facts.ts';
import type { S3Call } from './s3-call.ts';
import { sequenceOfVersionId } from './store/bucket-store.ts';
import type { ObjectVersion } from './store/object-metadata.ts';
import { type Walk, type WalkEntry, walkKeys } from './store/walk.ts';

/** `ListObjectsV2` */
export async function listObjectsV2(call: S3Call): Promise<void> {
  const { request } = call;
  const parameters = listParameters(request, 'max-keys');
  const token = request.query('continuation-token');
  const startAfter = request.query('start-after');
  const from = token === undefined ? { after: startAfter } : parseToken(token);
  const { page, truncated } = objectsPage(call, parameters, from);
  const last = page.at(-1);
  sendDocument(call.response, 'ListBucketResult', {
    ...listHead(call, parameters),
    KeyCount: page.length,
    MaxKeys: parameters.maxEntries,
    IsTruncated: truncated,
    ContinuationToken: token,
    NextContinuationToken: truncated && last ? makeToken(last) : undefined,
    StartAfter: startAfter === undefined ? undefined : parameters.encode(startAfter),
    ...objectFields(call, parameters, page, request.query('fetch-owner') === 'true'),
  });
}

/** `ListObjects`, the first version */
export async function listObjects(call: S3Call): Promise<void> {
  const { request } = call;
  const parameters = listParameters(request, 'max-keys');
  const marker = request.query('marker') ?? '';
  const { page, truncated } = objectsPage(call, parameters, afterMarker(marker, parameters));
  const last = page.at(-1);
  const nextMarker = last && ('key' in last ? last.key : last.commonPrefix);
  sendDocument(call.response, 'ListBucketResult', {
    ...listHead(call, parameters),
    Marker: parameters.encode(marker),
    // Without a delimiter, clients continue after the last key.
    NextMarker:
      truncated && nextMarker !== undefined && parameters.delimiter !== ''
        ? parameters.encode(nextMarker)
        : undefined,
    MaxKeys: parameters.maxEntries,
    IsTruncated: truncated,
    ...objectFields(call, parameters, page, true),
  });
}

/** `ListObjectVersions` */
export async function listObjectVersions(call: S3Call): Promise<void> {
  const { request } = call;
  const parameters = listParameters(request, 'max-keys');
  const keyMarker = request.query('key-marker') ?? '';
  const versionMarker = request.query('version-id-marker') || undefined;
  if (versionMarker !== undefined && keyMarker === '') {
    throw invalidArgument(
      'version-id-marker',
      versionMarker,
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  const { page, truncated } = firstEntries(
    versionEntries(call, parameters, keyMarker, versionMarker),
    parameters.maxEntries,
  );
  const { encode } = parameters;
  const last = truncated ? page.at(-1) : undefined;
  const versions = page.filter((entry) => 'versionId' in entry);
  sendDocument(call.response, 'ListVersionsResult', {
    ...listHead(call, parameters),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker ?? '',
    NextKeyMarker: last && encode('key' in last ? last.key : last.commonPrefix),
    NextVersionIdMarker: last && 'versionId' in last ? last.versionId : undefined,
    MaxKeys: parameters.maxEntries,
    IsTruncated: truncated,
    Version: versions
      .filter((version) => !version.deleteMarker)
      .map((version) => versionElement(call, version, encode)),
    DeleteMarker: versions
      .filter((version) => version.deleteMarker)
      .map((version) => versionElement(call, version, encode)),
    CommonPrefixes: commonPrefixes(page, encode),
  });
}

/** The owner of all objects. */
export function ownerElement(call: S3Call): { ID: string; DisplayName: string } {
  return { ID: call.context.accountId, DisplayName: call.context.accountId };
}

function objectsPage(
  call: S3Call,
  parameters: ListParameters,
  from: Partial<Walk>,
): { page: WalkEntry[]; truncated: boolean } {
  const { index } = call.store;
  const { prefix, delimiter } = parameters;
  const isListed = (key: string) => index.latest(key)?.deleteMarker === false;
  return firstEntries(walkKeys(index, { prefix, delimiter, ...from }, isListed), parameters.maxEntries);
}

function objectFields(
  call: S3Call,
  { encode }: ListParameters,
  page: readonly WalkEntry[],
  withOwner: boolean,
) {
  const contents = page.flatMap((entry) => {
    const version = 'key' in entry ? call.store.index.latest(entry.key) : undefined;
    if (!version) return [];
    return [
      {
        Key: encode(version.key),
        LastModified: xmlTime(version.lastModified),
        ETag: `"${version.eTag}"`,
        Size: version.size,
        Owner: withOwner ? ownerElement(call) : undefined,
        StorageClass: 'STANDARD',
      },
    ];
  });
  return { Contents: contents, CommonPrefixes: commonPrefixes(page, encode) };
}

function* versionEntries(
  call: S3Call,
  parameters: ListParameters,
  keyMarker: string,
  versionMarker: string | undefined,
): Generator<ObjectVersion | { commonPrefix: string }> {
  const { index } = call.store;
  const { prefix, delimiter } = parameters;
  if (versionMarker !== undefined && keyMarker.startsWith(prefix)) {
    yield* versionsAfter(index.versions(keyMarker), versionMarker);
  }
  const walk = { prefix, delimiter, ...afterMarker(keyMarker, parameters) };
  for (const entry of walkKeys(index, walk, () => true)) {
    if ('key' in entry) yield* index.versions(entry.key);
    else yield entry;
  }
}

/** The versions of a key after the marker. The marker's own version may have been removed. */
function versionsAfter(versions: readonly ObjectVersion[], versionMarker: string): readonly ObjectVersion[] {
  const position = versions.findIndex(({ versionId }) => versionId === versionMarker);
  if (position >= 0) return versions.slice(position + 1);
  const markerSequence = sequenceOfVersionId(versionMarker);
  if (markerSequence === undefined) {
    throw invalidArgument('version-id-marker', versionMarker, 'Invalid version id specified');
  }
  return versions.filter(({ sequence }) => sequence < markerSequence);
}

function versionElement(call: S3Call, version: ObjectVersion, encode: (text: string) => string) {
  const { key, versionId, sequence, lastModified, deleteMarker, size, eTag } = version;
  const isLatest = call.store.index.latest(key)?.sequence === sequence;
  return {
    Key: encode(key),
    VersionId: versionId,
    IsLatest: isLatest,
    LastModified: xmlTime(lastModified),
    ...(deleteMarker ? {} : { ETag: `"${eTag}"`, Size: size, StorageClass: 'STANDARD' }),
    Owner: ownerElement(call),
  };
}

function listHead(call: S3Call, { prefix, delimiter, encodingType, encode }: ListParameters) {
  return {
    Name: call.bucket.definition.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: encodingType,
  };
}

function commonPrefixes(page: ReadonlyArray<object>, encode: (text: string) => string) {
  return page.flatMap((entry) =>
    'commonPrefix' in entry ? [{ Prefix: encode(String(entry.commonPrefix)) }] : [],
  );
}

/** The last entry of the page, encoded. */
function makeToken(last: WalkEntry): string {
  return Buffer.from(JSON.stringify(last)).toString('base64url');
}

function parseToken(token: string): Partial<Walk> {
  try {
    const entry = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Partial<
      Record<string, unknown>
    >;
    if (typeof entry['key'] === 'string') return { after: entry['key'] };
    if (typeof entry['commonPrefix'] === 'string') return { afterGroup: entry['commonPrefix'] };
  } catch {
    // Not a token of this server.
  }
  throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
}
