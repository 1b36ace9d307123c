/** Starts the local stack as `npm start` does, but with the flags and environment of this process. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../.build/compile-cache', import.meta.url)));
const { runLocalStack } = await import('../local/command-line.ts');

process.exitCode = await runLocalStack(process.argv.slice(2), process);
