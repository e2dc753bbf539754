import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Path of `relative` in the repository (vectors), or inside the `shared` folder that lies beside it (fixtures that are not
 * part of it); undefined when it is in neither. Found by walking up from this file to the repository's root.
 */
export function sharedPath(relative: string): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return [join(folder, relative), join(folder, '..', 'shared', relative)].find((path) => existsSync(path));
}
