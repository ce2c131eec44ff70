import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,harness,reports,scenarios,docker}/**/*.test.ts', '*.test.ts'],
    globalSetup: './vitest.setup.ts',
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
