/**
 * `npm run openapi`
 *
 * Writes `docs/openapi.yaml` from the schemas that the handlers validate with; a test fails when the two drift.
 */
import { writeFileSync } from 'node:fs';
import { OPENAPI_FILE, openApiText } from './openapi/document.ts';

writeFileSync(OPENAPI_FILE, openApiText());
