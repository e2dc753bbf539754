import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Where the repository's files can be read on the web. */
export const repository = 'https://github.com/edmp/edmp';

/** Markdown of the repository that is no page for readers. */
const LEFT_OUT =
  /^(?:\.|node_modules\/|docs\/reference\.md|docs\/api\/|docs\/site\/)|\/(?:node_modules|test|fixtures)\//;

/**
 * Pages of the site by their path in the repository, and where they are on it: the README is the front page, each README
 * the page of its folder, and what is in `docs` stands at the top.
 */
export const pages: ReadonlyMap<string, string> = new Map(
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && !LEFT_OUT.test(path) && existsSync(join(root, path)))
    .map((path) => [path, pageOf(path)]),
);

function pageOf(path: string): string {
  if (path === 'docs/README.md') return 'guides.md';
  return path.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
}

/**
 * Where a link of a page leads on the site: relative links, and those that name the repository on the web, to a page if it
 * is one, else to the file on the web. Other links stay as they are.
 */
export function linkFrom(page: string, link: string): string {
  const inside = new RegExp(`^${repository}/(?:blob|tree)/main/`).exec(link)?.[0];
  if (inside === undefined && /^(?:[a-z][a-z0-9+.-]*:|\/|#)/i.test(link)) return link;
  const [path = '', heading] = link.slice(inside?.length ?? 0).split('#');
  const file = inside === undefined ? posix.join(posix.dirname(page), path) : path;
  const fragment = heading === undefined ? '' : `#${heading}`;
  const target = pages.get(file) ?? pages.get(posix.join(file, 'README.md'));
  if (target === undefined) return `${repository}/blob/main/${file}${fragment}`;
  return `/${target.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '.html')}${fragment}`;
}

/** The anchor of a heading, as the web view of the repository makes it, so that one link serves both. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Copies the pages to a folder, as the site has them; what stood there goes. */
export function gather(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [from, to] of pages) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    cpSync(join(root, from), join(folder, to));
  }
}
