import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.ts';

/** A day, a place and a language that the tests must not mind. */
export interface TestClock {
  readonly name: string;
  /** What the clock shows when the run begins, ms since the epoch. */
  readonly at: number;
  /** IANA zone of the machine. */
  readonly zone: string;
  /** POSIX name of its language. */
  readonly locale: string;
  /** Tests by this clock beside {@link datedTests}. */
  readonly more: readonly string[];
}

/**
 * The clocks to test by at `now` (ms since the epoch). The emulated meters are in Amsterdam and the tests sell what they
 * measured yesterday, so the days on which Europe's clocks change matter twice: while they run and the day after.
 */
export function testClocks(now: number): readonly TestClock[] {
  const ahead = new Date(now);
  ahead.setUTCMonth(ahead.getUTCMonth() + 16);
  return [
    // Their day has begun already when Amsterdam's has not; other words for months, commas for points.
    {
      name: 'a year and four months ahead',
      at: ahead.getTime(),
      zone: 'Pacific/Auckland',
      locale: 'de_DE',
      more: ['packages/web/test/gui.test.ts'],
    },
    // A minute before Europe's clocks go forward, which so happens during the run.
    {
      name: 'the night in which the clocks go forward',
      at: Date.UTC(2028, 2, 26, 0, 59),
      zone: 'America/Los_Angeles',
      locale: 'en_US',
      more: [],
    },
    // Five minutes past midnight in Amsterdam: yesterday had 25 hours. Half hours of offset, other digits.
    {
      name: 'the midnight after the clocks went back',
      at: Date.UTC(2027, 9, 31, 23, 5),
      zone: 'Asia/Kolkata',
      locale: 'mr_IN',
      more: [],
    },
  ];
}

/**
 * The tests that a date, a zone or a language could matter to, by their folders and files: those that run nodes,
 * programs or the page by the clock of the machine, and those of calendars and formats. Everything else lives on virtual
 * clocks and in UTC; `wrong-clock.test.ts` of the page sets its browsers' clocks itself, and the demo, half a minute long,
 * sells a day that is fixed between nodes like those of `two-nodes.test.ts`.
 */
export const datedTests: readonly string[] = [
  'packages/web/test/node-clock.test.ts',
  'packages/web/test/text.test.ts',
  'packages/node/test/e2e',
  'packages/node/test/cli/commands.test.ts',
  'packages/node/test/cli/meter.test.ts',
  'packages/node/test/cli/chain.test.ts',
  'packages/node/test/compose',
  'packages/node/test/http/compat.test.ts',
  'packages/node/test/http/events.test.ts',
  'packages/node/test/http/interval-starts.test.ts',
  'packages/node/test/http/local-day.test.ts',
  'packages/node/test/http/v1.test.ts',
  'packages/examples/test',
  'packages/interface/test/system-environment.test.ts',
  'packages/market/test/order-codecs.test.ts',
  'packages/data-settlement/test/descriptor.test.ts',
  'packages/oehu-client/test/aggregate.test.ts',
  'packages/oehu-client/test/consent.test.ts',
  'packages/oehu-client/test/emulator-contract.test.ts',
  'packages/oehu-client/test/espi-local-time.test.ts',
  'packages/oehu-client/test/interval-series.test.ts',
  'packages/oehu-client/test/meter-files.test.ts',
  'packages/oehu-client/test/meter-source.test.ts',
  'packages/oehu-client/test/p1-stream.test.ts',
  'packages/oehu-client/test/series-export.test.ts',
  'packages/oehu-client/test/zone.test.ts',
];

/** Tests in those folders that no date matters to, and that take long: kills at random points; a page as a peer, whose clock stays right. */
export const undatedTests: readonly string[] = [
  '**/compose/erasure-killed.test.ts',
  '**/e2e/browser-peer.test.ts',
  '**/e2e/page-buys.test.ts',
];

/**
 * What to set so that a Node process and all that it starts live by `clock`, which reads `at` when this process's reads
 * `now`. Node's own means and not libfaketime: that one also moves the clock by which threads wait, under which Node and
 * Chromium hang now and then, and Chromium keeps the right clock here on purpose, so that the page's is always wrong.
 */
export function clockVariables(clock: TestClock, now: number): Readonly<Record<string, string>> {
  const preload = pathToFileURL(join(root, 'scripts/lib/shift-clock.ts')).href;
  // `now` may be of a clock that is moved already.
  const moved = Number(process.env.EDMP_CLOCK_SHIFT_MS ?? 0);
  return {
    EDMP_CLOCK_SHIFT_MS: String(clock.at - now + moved),
    NODE_OPTIONS: `--import=${preload}`,
    TZ: clock.zone,
    LANG: `${clock.locale}.UTF-8`,
    LC_ALL: `${clock.locale}.UTF-8`,
  };
}
