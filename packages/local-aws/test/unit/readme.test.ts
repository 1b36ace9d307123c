import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { README_FILE, upToDate } from '../readme-tables.ts';

it('the README matches the code; "node packages/local-aws/test/readme-tables.ts" updates it', () => {
  const readme = readFileSync(README_FILE, 'utf8');
  expect(readme).toBe(upToDate(readme));
});
