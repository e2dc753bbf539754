import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { anchorOf, gather, linkFrom, pages, repository } from './pages.ts';

const packages = [
  'trader',
  'market',
  'data-settlement',
  'trustchain',
  'oehu-client',
  'interface',
  'node',
  'testing',
];

const gathered = join(import.meta.dirname, '../.pages');
gather(gathered);
const sources = new Map([...pages].map(([from, to]) => [to, from]));

/** The guides and the packages' pages as one static site: no request leaves it, and it needs no server of its own. */
export default defineConfig({
  title: 'EDMP',
  description: 'Sell or buy smart-meter data between strangers, with proof that anyone can check.',
  base: process.env.EDMP_DOCS_BASE ?? '/',
  srcDir: gathered,
  outDir: 'dist',
  cacheDir: '.cache',
  lang: 'en',
  // The reference is written by another tool, and copied in afterwards.
  ignoreDeadLinks: [/^\/api\//],
  markdown: {
    // A path such as /v1/trades/{id} in a heading is a path.
    attrs: { disable: true },
    anchor: { slugify: anchorOf },
    config(md) {
      md.core.ruler.push('links-of-the-repository', (state) => {
        const page = sources.get(state.env.relativePath) ?? state.env.relativePath;
        for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
          const link = token.type === 'link_open' ? token.attrGet('href') : null;
          if (link !== null) token.attrSet('href', linkFrom(page, link));
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    nav: [
      { text: 'Start', link: '/start/household' },
      { text: 'Guides', link: '/guides' },
      { text: 'Protocol', link: '/protocol/' },
      { text: 'API reference', link: '/api/index.html', target: '_self' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'What EDMP is', link: '/' },
          { text: 'A household', link: '/start/household' },
          { text: 'A buyer', link: '/start/buyer' },
          { text: 'A developer', link: '/start/developer' },
          { text: 'A community', link: '/start/community' },
        ],
      },
      {
        text: 'How it works',
        items: [
          { text: 'Half blocks and pairs', link: '/concepts/half-blocks' },
          { text: 'The trade ladder', link: '/concepts/trade' },
          { text: 'Money and its certificates', link: '/concepts/money' },
          { text: 'Fair exchange, and its limits', link: '/concepts/fair-exchange' },
          { text: 'What a listing reveals', link: '/concepts/privacy' },
          { text: 'Trust scores', link: '/trust' },
          { text: 'Architecture', link: '/ARCHITECTURE' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'Protocol', link: '/protocol/' },
          { text: 'Command line and HTTP', link: '/packages/node/' },
          { text: 'Error codes', link: '/errors' },
          { text: 'Meter formats', link: '/meter-formats' },
          { text: 'Limits', link: '/limits' },
          { text: 'Threat model', link: '/SECURITY' },
          {
            text: 'Packages',
            items: packages.map((name) => ({ text: `@edmp/${name}`, link: `/packages/${name}/` })),
          },
        ],
      },
      {
        text: 'Behind it',
        collapsed: true,
        items: [
          { text: 'Contributing', link: '/CONTRIBUTING' },
          { text: 'Simulator', link: '/sim/' },
          { text: 'Test vectors', link: '/vectors/' },
          { text: 'Market scenarios', link: '/market-scenarios' },
          { text: 'TrustChain scenarios', link: '/trustchain-scenarios' },
          ...['chain', 'money', 'data', 'meters', 'network', 'trust', 'node', 'foundation', 'testing'].map(
            (name) => ({
              text: `Decisions: ${name}`,
              link: `/decisions/${name}`,
            }),
          ),
        ],
      },
    ],
  },
});
