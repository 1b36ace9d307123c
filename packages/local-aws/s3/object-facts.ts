import type { OutgoingHttpHeaders } from 'node:http';
import { checksumElement, checksumHeader, type StoredChecksum } from './checksums.ts';
import { NULL_VERSION, type ObjectMetadata } from './store/object-metadata.ts';

/** The headers of all responses to writes. */
export function writtenHeaders({ versionId }: Pick<ObjectMetadata, 'versionId'>): OutgoingHttpHeaders {
  return {
    'x-amz-server-side-encryption': 'AES256',
    ...(versionId === NULL_VERSION ? {} : { 'x-amz-version-id': versionId }),
  };
}

/** The checksum of an object as headers. */
export function checksumHeaders(checksum: StoredChecksum | undefined): OutgoingHttpHeaders {
  return checksum
    ? { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type }
    : {};
}

/** The checksum of an object as elements. */
export function checksumFields(checksum: StoredChecksum | undefined): Record<string, string> {
  return checksum
    ? { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }
    : {};
}

/** A time in S3's documents: whole seconds, with three zeros after the point. */
export function xmlTime(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toISOString();
}
