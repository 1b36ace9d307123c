import { extname } from 'node:path';

/** What Python 3.13 knows, which the function of a deployment runs with: fonts are not among it. */
const TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.bmp': 'image/bmp',
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.heic': 'image/heic',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.ico': 'image/vnd.microsoft.icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.mjs': 'text/javascript',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.rtf': 'text/rtf',
  '.svg': 'image/svg+xml',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.txt': 'text/plain',
  '.wasm': 'application/wasm',
  '.webm': 'video/webm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.xml': 'text/xml',
  '.zip': 'application/zip',
};

/** Endings of compressed files. The type is that of the file inside. */
const ENCODINGS = ['.br', '.bz2', '.gz', '.xz', '.Z'];

/** The content type that the AWS CLI gives a file; undefined when it gives none. */
export function contentTypeOf(name: string): string | undefined {
  const ending = extname(name);
  return ENCODINGS.includes(ending)
    ? TYPES[extname(name.slice(0, -ending.length)).toLowerCase()]
    : TYPES[ending.toLowerCase()];
}
