import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AwsError } from '../http/aws-error.ts';
import { attributeHeaders } from './attributes.ts';
import { type ByteRange, byteRange } from './byte-range.ts';
import { lastModifiedInSeconds, matchesETag, readCondition } from './conditions.ts';
import { invalidArgument } from './errors.ts';
import { checksumHeaders, writtenHeaders } from './object-facts.ts';
import { openReadable } from './readable-version.ts';
import type { S3Call } from './s3-call.ts';
import type { S3Request } from './s3-request.ts';
import type { ObjectMetadata } from './store/object-metadata.ts';

/** Headers that a reader can set, by their query parameters. */
const OVERRIDES = {
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-content-type': 'content-type',
  'response-expires': 'expires',
} as const;

/** `GetObject` and `HeadObject` */
export async function readObject(call: S3Call): Promise<void> {
  const { request, response, store } = call;
  using opened = await openReadable(call, {
    bucketName: request.bucketName ?? '',
    key: request.key,
    versionId: request.query('versionId'),
  });
  const { metadata, lease } = opened;
  const validators = {
    etag: `"${metadata.eTag}"`,
    'last-modified': new Date(lastModifiedInSeconds(metadata) * 1000).toUTCString(),
  };
  const overrides = overriddenHeaders(request);
  if (readCondition(request, metadata) === 'not-modified') {
    response.writeHead(304, { ...validators, ...writtenHeaders(metadata) });
    response.end();
    return;
  }

  const { size } = metadata;
  const selected = selectedRange(call, metadata, validators['last-modified']);
  const { start, end } = selected?.range ?? { start: 0, end: size };
  const headers: OutgoingHttpHeaders = {
    'accept-ranges': 'bytes',
    ...validators,
    ...attributeHeaders(metadata.attributes),
    ...overrides,
    ...writtenHeaders(metadata),
    'content-length': end - start,
    ...(selected ? { 'content-range': `bytes ${start}-${end - 1}/${size}` } : {}),
    ...(selected?.isPart ? { 'x-amz-mp-parts-count': metadata.data.length } : {}),
    // The checksum is that of the whole object.
    ...(request.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' && !selected
      ? checksumHeaders(metadata.checksum)
      : {}),
  };
  response.writeHead(selected ? 206 : 200, headers);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(store.data.read(lease.data, start, end), response);
}

interface Selection {
  readonly range: ByteRange;
  readonly isPart: boolean;
}

function selectedRange(call: S3Call, metadata: ObjectMetadata, lastModified: string): Selection | undefined {
  const { request, response } = call;
  const partNumber = request.query('partNumber');
  if (partNumber !== undefined) return { range: partRange(metadata, Number(partNumber)), isPart: true };
  const ifRange = request.header('if-range');
  if (ifRange !== undefined && ifRange !== lastModified && !matchesETag(ifRange, metadata.eTag))
    return undefined;
  try {
    const range = byteRange(request.header('range'), metadata.size);
    return range && { range, isPart: false };
  } catch (error) {
    response.setHeader('content-range', `bytes */${metadata.size}`);
    throw error;
  }
}

function partRange({ data, size }: ObjectMetadata, partNumber: number): ByteRange {
  const part = data[partNumber - 1];
  if (!part) {
    throw new AwsError('InvalidPartNumber', 'The requested partnumber is not satisfiable', 416, {
      PartNumberRequested: String(partNumber),
      ActualPartCount: String(data.length),
    });
  }
  const start = data.slice(0, partNumber - 1).reduce((sum, before) => sum + before.size, 0);
  return { start, end: Math.min(start + part.size, size) };
}

function overriddenHeaders(request: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [parameter, header] of Object.entries(OVERRIDES)) {
    const value = request.query(parameter);
    if (value === undefined) continue;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw invalidArgument(parameter, value, 'Header value cannot be represented using ISO-8859-1.');
    }
    headers[header] = value;
  }
  return headers;
}
