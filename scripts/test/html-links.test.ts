import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { anchorsIn, crawl, linksIn, repositoryUrl } from '../lib/html-links.ts';

/** A folder with the files given, removed after the test. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'edmp-links-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

it('reads links and anchors as a browser does', () => {
  const html = `<a class="x" href="a.html?b=1&amp;c=2#d">A</a><!-- <a href="gone.html"> -->
    <script src="s.js">const text = '<a href="no.html">';</script><img src="i.svg"><p id="d"><a name="e"></a>`;
  expect(linksIn(html)).toEqual(['a.html?b=1&c=2#d', 's.js', 'i.svg']);
  expect([...anchorsIn(html)]).toEqual(['d', 'e']);
});

it('counts every link and tells the dead ones: files, anchors, folders, sources and their lines', () => {
  const site = folderOf({
    'index.html': `<a href="modules/a.html">1</a><a href="modules/a.html#there">2</a><a href="#top">3</a>
      <h1 id="top"></h1><a href="https://example.org/gone">other sites</a>
      <a href="${repositoryUrl}/blob/v1/src/a.ts#L2">4</a><a href="mailto:a@b">5</a>`,
    'modules/a.html': `<p id="there"></p><a href="../index.html">5</a><a href="b.html">dead</a>
      <a href="../index.html#gone">dead</a><a href="../modules">dead</a><a href="../../outside.html">dead</a>
      <a href="${repositoryUrl}/blob/v1/src/gone.ts#L1">dead</a><a href="${repositoryUrl}/tree/v1/src/a.ts#L9">dead</a>`,
  });
  const checkout = folderOf({ 'src/a.ts': 'one\ntwo\n' });
  const report = crawl(site, checkout);
  expect(report).toMatchObject({ pages: 2, links: 11 });
  expect(report.dead.map((line) => line.split(': ').at(-1))).toEqual([
    'there is no modules/b.html',
    'index.html has no #gone',
    'modules is a folder',
    'it leaves the site',
    'the repository has no src/gone.ts',
    'src/a.ts has no line 9',
  ]);
});

it('takes a path from the root of the site as a server does, with the page of a folder', () => {
  const site = folderOf({
    'index.html': '<a href="/guides/">1</a><a href="/guides/a.html">2</a><a href="/none/">dead</a>',
    'guides/index.html': '<a href="/index.html">3</a><a href="/guides">dead</a><a href="/../x">dead</a>',
    'guides/a.html': '',
  });
  const { links, dead } = crawl(site, site);
  expect({ links, dead: dead.map((line) => line.split(': ').at(-1)) }).toEqual({
    links: 6,
    dead: ['guides is a folder', 'it leaves the site', 'there is no none'],
  });
});
