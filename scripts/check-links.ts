import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { main, mustRun } from './lib/run.ts';
import { publishablePackages, root } from './lib/workspace.ts';

/** Where the repository's files can be read; what npm shows cannot follow a relative link. */
const REPOSITORY = /^https:\/\/github\.com\/edmp\/edmp\/(?:blob|tree)\/main\//;
/** Pages that npm shows. */
const shipped = new Set(publishablePackages().map(({ folder }) => `packages/${folder}/README.md`));

/**
 * Every link into the repository in its Markdown, relative or not, names a file or folder that is there, and a heading if
 * it says so; the pages that are shipped have no relative ones.
 */
await main('check-links', async () => {
  const listed = await mustRun('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']);
  const pages = listed.split('\n').filter((page) => page !== '' && existsSync(join(root, page)));
  const broken = pages.flatMap((page) => brokenLinks(page));
  if (broken.length > 0) throw new Error(`${broken.length} broken link(s)\n  ${broken.join('\n  ')}`);
  process.stdout.write(`check-links: ${pages.length} pages, no broken link\n`);
});

function brokenLinks(page: string): string[] {
  const broken: string[] = [];
  let fenced = false;
  for (const [index, line] of readFileSync(join(root, page), 'utf8').split('\n').entries()) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    if (fenced) continue;
    for (const [, target = ''] of line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^()\s]+)\)/g)) {
      const inside = REPOSITORY.test(target);
      if (!inside && /^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [path = '', heading] = target.replace(REPOSITORY, '').split('#');
      const file = path === '' ? join(root, page) : join(root, inside ? '' : dirname(page), path);
      if (!inside && path !== '' && shipped.has(page)) {
        broken.push(`${page}:${index + 1}: ${target}: npm shows this page alone; name the whole address`);
      }
      if (!existsSync(file)) broken.push(`${page}:${index + 1}: ${target}: there is no such file`);
      else if (heading !== undefined && file.endsWith('.md') && !headings(file).has(heading)) {
        broken.push(`${page}:${index + 1}: ${target}: the page has no such heading`);
      }
    }
  }
  return broken;
}

/** Anchors of a page's headings, as GitHub makes them. */
function headings(file: string): Set<string> {
  const titles = readFileSync(file, 'utf8').matchAll(/^#{1,6} +(.+?) *$/gm);
  return new Set(
    [...titles].map(([, title = '']) =>
      title
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
