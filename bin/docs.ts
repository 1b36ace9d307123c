/**
 * `npm run docs`
 *
 * Writes docs/openapi.yaml and the tables of README.md, from `functions/manifest.ts` and the schemas that the
 * handlers validate with. A test fails when they differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { OPENAPI_FILE, openApiText } from './docs/openapi.ts';
import { README_FILE, withTables } from './docs/readme.ts';

writeFileSync(OPENAPI_FILE, openApiText());
writeFileSync(README_FILE, withTables(readFileSync(README_FILE, 'utf8')));
