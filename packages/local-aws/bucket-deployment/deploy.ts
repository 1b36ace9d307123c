import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { contentTypeOf } from './content-type.ts';
import type { BucketDeploymentDefinition, DeploymentSource } from './definitions.ts';
import { fileFilter } from './file-filter.ts';
import type { DeploymentBucket } from './s3-client.ts';

interface SourceFile {
  readonly path: string;
  readonly markers: DeploymentSource['markers'];
}

/** Puts the files of a deployment into its bucket, and removes others if it says so. */
export async function deployFiles(
  definition: BucketDeploymentDefinition,
  bucket: DeploymentBucket,
): Promise<void> {
  const { prefix, prune, headers } = definition;
  const isMeant = fileFilter(definition);
  const files = new Map<string, SourceFile>();
  for (const { directory, markers } of definition.sources) {
    for (const [name, path] of filesIn(directory)) if (isMeant(name)) files.set(name, { path, markers });
  }
  for (const [name, file] of files) {
    const contentType = contentTypeOf(name);
    await bucket.put(`${prefix}${name}`, await contentOf(file), {
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...headers,
    });
  }
  if (!prune) return;
  for (const key of await bucket.list(prefix)) {
    const name = key.slice(prefix.length);
    if (!files.has(name) && isMeant(name)) await bucket.delete(key);
  }
}

function filesIn(directory: string): [name: string, path: string][] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry): [string, string] => {
      const path = join(entry.parentPath, entry.name);
      return [relative(directory, path).split(sep).join('/'), path];
    })
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

async function contentOf({ path, markers }: SourceFile): Promise<Buffer> {
  let content = await readFile(path);
  for (const [marker, value] of Object.entries(markers)) {
    if (!content.includes(marker)) continue;
    // Latin-1 has a character for each byte, so that files that are no text stay as they are.
    const bytes = (text: string) => Buffer.from(text).toString('latin1');
    content = Buffer.from(
      content.toString('latin1').replaceAll(bytes(marker), () => bytes(value)),
      'latin1',
    );
  }
  return content;
}
