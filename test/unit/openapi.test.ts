import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPENAPI_FILE, openApiDocument, openApiText } from '../../bin/openapi/document.ts';
import { HTTP_FUNCTIONS } from '../../functions/routes.ts';

test('docs/openapi.yaml says what the handlers validate; "npm run openapi" writes it anew', () => {
  expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(openApiText());
});

test('every route stands in the document', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, unknown>> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = HTTP_FUNCTIONS.flatMap(({ routeKeys }) => [...routeKeys]).filter(
    (key) => key !== '$default',
  );
  expect(described.sort()).toEqual([...routes].sort());
});
