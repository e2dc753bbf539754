import { readFileSync } from 'node:fs';

/** Put in by the bundler. */
declare const EDMP_VERSION: string;

/** Version of this package, from its package.json. */
export const VERSION: string =
  typeof EDMP_VERSION === 'string'
    ? EDMP_VERSION
    : (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
        .version;
