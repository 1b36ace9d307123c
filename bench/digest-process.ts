/**
 * Reads one object as the function `verify-version` does, in a process of its own: what it prints is the MD5,
 * the time, and the memory before and at the peak, in JSON. Its only argument is the input in JSON; the
 * credentials and the address of S3 are those of the environment.
 */
import { s3ObjectDigester } from '../functions/adapters/s3-object-digester.ts';
import { readMemory } from './process-memory.ts';

const { bucket, objectKey, versionId } = JSON.parse(process.argv[2] ?? '') as Record<string, string>;
const digester = s3ObjectDigester(bucket ?? '');
const { residentInBytes } = readMemory(process.pid);
const startedAt = performance.now();
const md5 = await digester.digest(objectKey ?? '', versionId ?? '', new AbortController().signal);
const milliseconds = performance.now() - startedAt;
const { peakInBytes } = readMemory(process.pid);
process.stdout.write(JSON.stringify({ md5, milliseconds, residentInBytes, peakInBytes }));
