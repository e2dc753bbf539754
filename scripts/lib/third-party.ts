import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A package whose code is inside of something that is published. */
export interface Licensed {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly identifier: string;
  /** The licence's text, where the package brings one. */
  readonly text?: string | undefined;
}

/** Licences that let their code be passed on inside of a work under Apache-2.0, with no more than their text. */
const permissive =
  /^\(?(?:MIT|Apache-2\.0|ISC|0BSD|BSD-[23]-Clause|Unlicense)(?: (?:OR|AND) (?:MIT|Apache-2\.0|ISC|0BSD|BSD-[23]-Clause|Unlicense))*\)?$/;

/** The installed packages that the given files (absolute paths) belong to, each once; the repository's own are left out. */
export async function bundledPackages(files: readonly string[]): Promise<Licensed[]> {
  const folders = new Set<string>();
  for (const file of files) {
    const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  return Promise.all([...folders].map(licensed));
}

async function licensed(folder: string): Promise<Licensed> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const texts = (await readdir(folder)).filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name)).sort();
  const parts = await Promise.all(texts.map((name) => readFile(join(folder, name), 'utf8')));
  return {
    name: String(manifest.name),
    version: String(manifest.version),
    identifier: String(manifest.license),
    text: parts.length === 0 ? undefined : parts.map((part) => part.trim()).join('\n\n'),
  };
}

/**
 * The names, licences and licence texts of packages, sorted by name, equal texts once. Throws when a licence is not
 * known to be permissive: it wants a look before it is shipped.
 */
export function thirdPartyText(packages: readonly Licensed[]): string {
  const known = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]));
  const sorted = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
  const groups = new Map<string, string[]>();
  for (const [title, { identifier, text }] of sorted) {
    if (!permissive.test(identifier))
      throw new Error(`${title} has the licence ${identifier}: may it be bundled?`);
    const key =
      text?.replaceAll('\r\n', '\n').trim() ?? `Licence: ${identifier} (the package brings no text).`;
    const titles = groups.get(key);
    if (titles === undefined) groups.set(key, [`${title} (${identifier})`]);
    else titles.push(`${title} (${identifier})`);
  }
  const rule = '-'.repeat(80);
  const sections = [...groups].map(([text, titles]) => `${titles.join('\n')}\n\n${text}\n`);
  return (
    `This package contains code of the packages below, under their licences.\n\n${[...sections, ''].map((section) => `${rule}\n${section}`).join('\n')}`.trimEnd() +
    '\n'
  );
}
