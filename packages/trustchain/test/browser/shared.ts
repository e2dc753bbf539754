import { existsSync } from './node-fs.ts';

/** In a browser, the `sharedPath` of tests: paths are those that `readFileSync` knows. */
export const sharedPath = (relative: string): string | undefined =>
  existsSync(relative) ? relative : undefined;
