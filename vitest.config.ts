import { defineConfig } from 'vitest/config';

/** The variables that the stack sets, so that files of handlers can be imported. No address in it exists. */
const FUNCTION_ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  MEDIA_TABLE_NAME: 'media-table',
  MEDIA_BUCKET_NAME: 'media-bucket',
  UPLOAD_ROLE_ARN: 'arn:aws:iam::123456789012:role/upload',
  OBJECT_STORAGE_ENDPOINT: 'https://s3.eu-central-1.amazonaws.com',
  USER_POOL_CLIENT_ID: 'client',
  EVENT_SOURCE: 'MediaLibrary',
  CHANGES_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/changes',
  DIGESTS_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/digests',
  FLIGHT_CHECKS_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/flight-checks',
};

/** All but unit and contract tests may start processes and servers, so they have more time. */
const project = (name: string, testTimeout: number, env: Record<string, string> = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`, `packages/*/test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    env,
    // A test without an assertion fails.
    expect: { requireAssertions: true },
  },
});

/** The pages in a real browser: see test/browser/setup.ts. */
const browser = {
  test: {
    ...project('browser', 60_000).test,
    globalSetup: 'test/browser/setup.ts',
    expect: { requireAssertions: true, poll: { timeout: 10_000 } },
    // The tests wait for Chromium more than they work. They run after the other projects.
    maxWorkers: 2,
    sequence: { groupOrder: 1 },
  },
};

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000, FUNCTION_ENVIRONMENT),
      project('contract', 30_000),
      project('stack', 60_000),
      project('integration', 120_000),
      browser,
    ],
  },
});
