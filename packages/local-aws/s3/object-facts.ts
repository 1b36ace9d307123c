import type { OutgoingHttpHeaders } from 'node:http';
import { checksumElement, checksumHeader, type StoredChecksum } from './checksums.ts';
import { NULL_VERSION, type ObjectMetadata } from './store/object-metadata.ts';

/** The headers that every answer to a write has. */
export function writtenHeaders({ versionId }: Pick<ObjectMetadata, 'versionId'>): OutgoingHttpHeaders {
  return {
    'x-amz-server-side-encryption': 'AES256',
    ...(versionId === NULL_VERSION ? {} : { 'x-amz-version-id': versionId }),
  };
}

/** An object's checksum as headers. */
export function checksumHeaders(checksum: StoredChecksum | undefined): OutgoingHttpHeaders {
  return checksum
    ? { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
    : {};
}

/** An object's checksum as elements. */
export function checksumFields(checksum: StoredChecksum | undefined): Record<string, string> {
  return checksum
    ? { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }
    : {};
}

/** A time as S3's documents have it: whole seconds, and three digits that are always zero. */
export function xmlTime(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toISOString();
}
