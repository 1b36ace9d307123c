import { createHash } from 'node:crypto';

/**
 * The group id of a folder, made from the workspace, the folder's name and its first file. The same card,
 * read from another path or with more files, continues the same group.
 */
export function fileGroupId(workspaceId: string, folderName: string, firstTinyFingerprint: string): string {
  const digest = createHash('sha256')
    .update([workspaceId, folderName, firstTinyFingerprint].join('\n'))
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
