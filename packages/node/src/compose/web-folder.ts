import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type WebFiles, webDirectory } from '../http/index.ts';

/** Where the built GUI may be: beside the bundled package, or in the sources' own package. */
const CANDIDATES: readonly string[] = ['../web/', './web/', '../../../web/dist/', '../../web/dist/'];

/** The built GUI, or undefined when it was not built. */
export function findWebFiles(): WebFiles | undefined {
  for (const candidate of CANDIDATES) {
    const folder = fileURLToPath(new URL(candidate, import.meta.url));
    if (existsSync(`${folder}index.html`)) return webDirectory(folder);
  }
  return undefined;
}
