import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Path of `relative` inside the `shared` folder that lies beside the repository (vectors and fixtures that are not
 * part of it), or undefined when it is not there. Found by walking up from this file to the repository's root.
 */
export function sharedPath(relative: string): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  const path = join(folder, '..', 'shared', relative);
  return existsSync(path) ? path : undefined;
}
