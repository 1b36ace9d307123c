import { defineConfig } from 'vitest/config';

/** Everything but the unit and contract tests may start processes and servers, so it gets more time. */
const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 10_000),
      project('contract', 30_000),
      project('stack', 60_000),
      project('integration', 120_000),
    ],
  },
});
