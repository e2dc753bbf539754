import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { main, mustRun } from './lib/run.ts';
import { root } from './lib/workspace.ts';

/** Every relative link in the repository's Markdown names a file or folder that is there, and a heading if it says so. */
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
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [path = '', heading] = target.split('#');
      const file = path === '' ? join(root, page) : join(root, dirname(page), path);
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
