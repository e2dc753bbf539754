import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Where the repository is read on the web; what follows is a path in it. */
export const repositoryUrl = 'https://github.com/edmp/edmp';

/** What a crawl of a built site found. */
export interface LinkReport {
  readonly pages: number;
  /** Links followed, fragments and links into the repository included; other sites are not asked. */
  readonly links: number;
  /** One line for each dead link: page, link, and what is missing. */
  readonly dead: readonly string[];
}

/** A link as a page has it: the values of `href` and `src`, their entities replaced. */
export function linksIn(html: string): string[] {
  const text = html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<script\b[^>]*>[\s\S]*?<\/script>/g, (script) => script.slice(0, script.indexOf('>') + 1));
  return [...text.matchAll(/<[a-z][^>]*?\s(?:href|src)\s*=\s*"([^"]*)"/gi)].map(([, value = '']) =>
    value
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&'),
  );
}

/** Anchors of a page: its ids, and the names of its anchors. */
export function anchorsIn(html: string): Set<string> {
  return new Set([...html.matchAll(/\s(?:id|name)\s*=\s*"([^"]*)"/g)].map(([, id = '']) => id));
}

/**
 * Follows every link of every page of a built site, without a server and without the network: links within the site
 * lead to a file that is there, and to an anchor that it has; links to the repository's sources on the web, under any
 * revision, lead to a file of this checkout, and to a line that it has.
 */
export function crawl(site: string, checkout: string): LinkReport {
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.html'),
  );
  const anchors = new Map<string, Set<string>>();
  const anchorsOf = (file: string): Set<string> => {
    const known = anchors.get(file) ?? anchorsIn(readFileSync(file, 'utf8'));
    anchors.set(file, known);
    return known;
  };
  const lines = new Map<string, number>();
  const linesOf = (file: string): number => {
    const known = lines.get(file) ?? readFileSync(file, 'utf8').split('\n').length;
    lines.set(file, known);
    return known;
  };
  const missingInCheckout = (path: string, fragment: string): string | undefined => {
    const file = join(checkout, path);
    if (!existsSync(file)) return `the repository has no ${path}`;
    const line = /^L(\d+)$/.exec(fragment)?.[1];
    if (line !== undefined && (statSync(file).isDirectory() || Number(line) > linesOf(file))) {
      return `${path} has no line ${line}`;
    }
    return undefined;
  };
  const missingInSite = (page: string, path: string, fragment: string): string | undefined => {
    const target =
      path === ''
        ? join(site, page)
        : path.startsWith('/')
          ? join(site, path)
          : resolve(site, dirname(page), path);
    if (target !== site && !target.startsWith(site + sep)) return 'it leaves the site';
    if (!existsSync(target)) return `there is no ${relative(site, target)}`;
    if (statSync(target).isDirectory()) {
      const index = path.startsWith('/') && path.endsWith('/') && existsSync(join(target, 'index.html'));
      return index ? undefined : `${relative(site, target)} is a folder`;
    }
    if (fragment === '' || !target.endsWith('.html')) return undefined;
    return anchorsOf(target).has(fragment) ? undefined : `${relative(site, target)} has no #${fragment}`;
  };

  let links = 0;
  const dead: string[] = [];
  for (const page of pages.sort()) {
    for (const link of linksIn(readFileSync(join(site, page), 'utf8'))) {
      const [, path = '', fragment = ''] = /^([^#?]*)(?:\?[^#]*)?(?:#(.*))?$/s.exec(link) ?? [];
      let missing: string | undefined;
      const source = new RegExp(`^${repositoryUrl}/(?:blob|tree)/[^/]+/(.*)$`).exec(path)?.[1];
      if (source !== undefined) missing = missingInCheckout(decodeURI(source), fragment);
      else if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(path)) continue;
      else missing = missingInSite(page, decodeURI(path), decodeURIComponent(fragment));
      links++;
      if (missing !== undefined) dead.push(`${page}: ${link}: ${missing}`);
    }
  }
  return { pages: pages.length, links, dead };
}
