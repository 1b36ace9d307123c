/**
 * `npm run docs`
 *
 * Writes docs/openapi.yaml, docs/events.md and the tables of README.md, from `functions/manifest.ts` and the
 * schemas. A test fails when they differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { EVENTS_FILE, eventsText } from './docs/events.ts';
import { OPENAPI_FILE, openApiText } from './docs/openapi.ts';
import { README_FILE, withTables } from './docs/readme.ts';

writeFileSync(OPENAPI_FILE, openApiText());
writeFileSync(EVENTS_FILE, eventsText());
writeFileSync(README_FILE, withTables(readFileSync(README_FILE, 'utf8')));
