import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { StoredResponse } from './cache.ts';
import { type Headers, headerText } from './headers.ts';

const TYPES = new Set(
  [
    'application/dash+xml application/eot application/font application/font-sfnt application/javascript',
    'application/json application/opentype application/otf application/pdf application/pkcs7-mime',
    'application/protobuf application/rss+xml application/truetype application/ttf application/vnd.apple.mpegurl',
    'application/vnd.mapbox-vector-tile application/vnd.ms-fontobject application/wasm application/xhtml+xml',
    'application/xml application/x-font-opentype application/x-font-truetype application/x-font-ttf',
    'application/x-httpd-cgi application/x-javascript application/x-mpegurl application/x-opentype',
    'application/x-otf application/x-perl application/x-ttf font/eot font/opentype font/otf font/ttf',
    'image/svg+xml text/css text/csv text/html text/javascript text/js text/plain text/richtext',
    'text/tab-separated-values text/xml text/x-component text/x-java-source text/x-script vnd.apple.mpegurl',
  ].flatMap((line) => line.split(' ')),
);
const STATUSES = [200, 403, 404];
const LEAST_BYTES = 1_000;
const MOST_BYTES = 10_000_000;

/** Whether CloudFront compresses a response, by what its headers say. */
export function isCompressible(statusCode: number, headers: Headers): boolean {
  const size = Number(headerText(headers, 'content-length') ?? Number.NaN);
  const type = (headerText(headers, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return (
    STATUSES.includes(statusCode) &&
    TYPES.has(type) &&
    size >= LEAST_BYTES &&
    size <= MOST_BYTES &&
    !headers.has('content-encoding')
  );
}

/** The response in a compressed form, with the headers of that. */
export async function compressed(response: StoredResponse, encoding: 'br' | 'gzip'): Promise<StoredResponse> {
  const body =
    encoding === 'br'
      ? await promisify(brotliCompress)(response.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
      : await promisify(gzip)(response.body);
  const headers: Headers = new Map(response.headers);
  headers.set('content-encoding', [encoding]);
  headers.set('content-length', [String(body.length)]);
  headers.set('vary', [...(headers.get('vary') ?? []), 'Accept-Encoding']);
  headers.delete('accept-ranges');
  const eTag = headerText(headers, 'etag');
  if (eTag?.startsWith('"')) headers.set('etag', [`W/${eTag}`]);
  else if (!eTag?.startsWith('W/')) headers.delete('etag');
  return { ...response, headers, body };
}
