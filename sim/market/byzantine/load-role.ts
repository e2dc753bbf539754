import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ByzantineRole } from './role.ts';

/** Reads a role of somebody else's: the export `role` of a module. Throws when there is none. */
export async function loadRole(path: string): Promise<ByzantineRole> {
  const module = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  if (!isRole(module.role)) {
    throw new Error(
      `--role takes a module that exports \`role\`, a ByzantineRole (sim/README.md); ${path} does not`,
    );
  }
  return module.role;
}

function isRole(value: unknown): value is ByzantineRole {
  if (typeof value !== 'object' || value === null) return false;
  const { name, parties } = value as Partial<ByzantineRole>;
  return typeof name === 'string' && Array.isArray(parties) && parties.length > 0;
}
