import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equalBytes, virtualEnvironment } from '../../packages/interface/src/index.ts';
import { price } from '../../packages/market/src/index.ts';
import { longTailLatency, simulatedNetworks } from '../../packages/trustchain/src/simulated.ts';
import { sharedCrypto } from '../lib/crypto.ts';
import { dayOf, goodsOf } from './goods.ts';
import { Member } from './member.ts';
import { type Look, lookAt } from './report.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 5);

/** A long life of a small network. */
export interface HoursOptions {
  readonly seed: number;
  /** Simulated hours. */
  readonly hours: number;
  /** Simulated minutes between two trades. */
  readonly everyMinutes: number;
  /** Simulated hours between two restarts of a member. */
  readonly restartHours: number;
}

/** What it came to. */
export interface HoursResult {
  readonly trades: number;
  /** Trades that did not end as they should, in words. */
  readonly failures: readonly string[];
  readonly restarts: number;
  readonly looks: readonly Look[];
}

/**
 * A hub, which keeps the books and is witness, two sellers and two buyers in one process on files and a virtual clock: a
 * day is sold every few minutes, and every few hours one of them is stopped and started over its files.
 */
export async function liveHours(options: HoursOptions): Promise<HoursResult> {
  const folder = mkdtempSync(join(tmpdir(), 'edmp-hours-'));
  const { seed } = options;
  const environment = virtualEnvironment({ seed, start: START });
  const crypto = sharedCrypto();
  const latency = longTailLatency({ medianMs: 20, maxMs: 300 });
  const networks = simulatedNetworks({ environment, seed, latency });
  const ground = { environment, crypto, networks, folder };
  const wait = <T>(work: Promise<T>): Promise<T> => environment.run(work, HOUR);
  const hub = new Member(ground, 'hub', undefined);
  await wait(hub.start());
  const [witness] = hub.trader.market.notaryKeys;
  if (witness === undefined) throw new Error('the hub is no witness');
  const [sellers, buyers] = ['seller', 'buyer'].map((kind) =>
    [1, 2].map((n) => new Member(ground, `${kind}${n}`, witness)),
  ) as [Member[], Member[]];
  const traders = [...sellers, ...buyers];
  const link = (member: Member): void => {
    for (const other of [hub, ...traders])
      if (!equalBytes(other.key, member.key)) networks.link(member.key, other.key);
  };
  for (const member of traders) await wait(member.start());
  for (const member of traders) link(member);
  const failures: string[] = [];
  const looks: Look[] = [];
  const day = dayOf(seed, START - 24 * HOUR);
  let [trades, restarts] = [0, 0];
  const trade = async (turn: number): Promise<void> => {
    const seller = sellers[turn % 2] as Member;
    const buyer = buyers[(turn >> 1) % 2] as Member;
    const { document } = await wait(seller.trader.settlement.addDataset(goodsOf(day, turn, crypto)));
    const unit = price('DUM1', 1);
    const { asset } = await wait(
      seller.trader.market.sell({ document, price: unit, supply: 1, lifetimeMs: HOUR }),
    );
    await environment.advance(5 * SECOND);
    const { market } = buyer.trader;
    await wait(market.buy({ asset, price: unit, lifetimeMs: 10 * MINUTE }));
    const ended = () => market.trades().find((each) => each.asset === asset && each.finished);
    for (let n = 0; n < 60 && ended() === undefined; n++) await environment.advance(SECOND);
    const found = ended();
    if (found?.state === 'completed') {
      const { consumption } = await wait(market.delivery(found.id));
      if (consumption.values.join() === day.values.join()) trades++;
      else failures.push(`trade ${turn}: other values`);
    } else failures.push(`trade ${turn}: ${found?.state ?? 'no end'} ${found?.failure?.reason ?? ''}`);
  };
  try {
    const end = START + options.hours * HOUR;
    let nextRestart = START + options.restartHours * HOUR;
    let nextLook = START;
    for (let turn = 0; environment.now() < end; turn++) {
      const next = environment.now() + options.everyMinutes * MINUTE;
      await trade(turn);
      if (environment.now() >= nextRestart) {
        nextRestart += options.restartHours * HOUR;
        const member = traders[restarts++ % traders.length] as Member;
        await wait(member.stop());
        await environment.advance(MINUTE);
        await wait(member.start());
        link(member);
      }
      if (environment.now() >= nextLook) {
        nextLook += (options.hours * HOUR) / 72;
        looks.push(lookAt((environment.now() - START) / HOUR, trades, sizeOf(folder)));
      }
      await environment.advance(Math.max(0, next - environment.now()));
    }
    return { trades, failures, restarts, looks };
  } finally {
    for (const member of [...traders, hub]) await wait(member.stop()).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes of all files of a folder. */
function sizeOf(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
