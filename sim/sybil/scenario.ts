import { readFileSync, writeFileSync } from 'node:fs';
import type { Scenario } from '../lib/scenario.ts';
import { printShort, type Shortenable } from '../lib/shorten.ts';
import { type Gain, measureGain, SHAPES } from './lab.ts';
import { brokenRules, gainTable } from './report.ts';

/** Made-up agents that are tried, in each shape. */
const IDENTITIES: readonly number[] = [10, 1_000, 100_000];
const PAGE = new URL('../../docs/trust.md', import.meta.url);
const BEGIN = '<!-- sybil:begin -->';
const END = '<!-- sybil:end -->';

/** What an attacker gains by agents that it makes up, in NetFlow and MeritRank (DESIGN §3.7). `--write` puts the table into docs/trust.md. */
export const sybil: Scenario = {
  name: 'sybil',
  faults: SHAPES,
  async run({ seed, only, write, shrink, json }) {
    if (shrink !== undefined) return printShort('sybil', shrink, shortGain(shrink), json);
    const start = performance.now();
    const gains: Gain[] = [];
    for (const shape of SHAPES) {
      if (only !== undefined && !only.has(shape)) continue;
      for (const identities of IDENTITIES) {
        const since = process.cpuUsage();
        gains.push(measureGain(seed, shape, identities));
        const { user } = process.cpuUsage(since);
        process.stderr.write(`${shape} ${identities}: ${(user / 1e6).toFixed(1)} s\n`);
      }
    }
    const broken = gains.flatMap((gain) =>
      brokenRules(gain).map((rule) => `${gain.shape} ${gain.identities}: ${rule}`),
    );
    for (const rule of broken) process.stderr.write(`BROKEN ${rule}\n`);
    if (write) put(gainTable(gains, seed));
    const ms = Math.round(performance.now() - start);
    process.stdout.write(`${JSON.stringify({ scenario: 'sybil', seed, gains, broken, ms })}\n`);
    return broken.length === 0 ? 0 : 1;
  },
};

/** A lab to be made short: a smaller crowd, fewer shapes. */
function shortGain(seed: number): Shortenable {
  return {
    size: Math.max(...IDENTITIES),
    minSize: 1,
    async run(size, within, print) {
      const gains = SHAPES.filter((shape) => within?.has(shape) !== false).map((shape) =>
        measureGain(seed, shape, size),
      );
      for (const gain of gains) print?.(JSON.stringify(gain));
      return { broken: gains.flatMap(brokenRules), labels: gains.map(({ shape }) => shape) };
    },
  };
}

function put(table: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from === -1 || to < from) throw new Error(`docs/trust.md has no ${BEGIN} … ${END}`);
  writeFileSync(PAGE, `${page.slice(0, from + BEGIN.length)}\n${table}\n${page.slice(to)}`);
}
