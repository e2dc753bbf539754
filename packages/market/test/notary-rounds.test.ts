import { type BlockId, type PublicKey, seededRandom } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { uniformLatency } from '@edmp/trustchain/simulated';
import { describe, expect, it } from 'vitest';
import { type Currency, DUM1 } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { encodeCertificate, type Share } from '../src/notary/certificate.ts';
import { DELTA_MS } from '../src/notary/limits.ts';
import { spendStatement } from '../src/notary/spend-service.ts';
import { type Statement, signStatement } from '../src/notary/statement.ts';
import { type Author, author, HOUR, type Quorum, quorum } from './support/money.ts';
import {
  COMPLAIN_AT,
  complainRequest,
  currencyOf,
  FOUNDED,
  type HeldTrade,
  held,
  type NotaryNode,
  type NotaryWorld,
  notaryWorld,
  outcomeRequest,
  quickCrypto,
  RELEASE_AT,
  releasedOf,
  releaseRequest,
  skewed,
  spendRequest,
} from './support/notary-world.ts';

/** Delay of one message and difference of two clocks: a telling, its answer and a release take less than Δ together. */
const LATENCY = uniformLatency(100, 7_000);
const SKEW_MS = 5_000;

/** n witnesses of which the last f are liars: the test signs for them whatever helps to cheat. */
interface Witnesses {
  readonly world: NotaryWorld;
  readonly f: number;
  readonly honest: readonly NotaryNode[];
  readonly liars: Quorum | undefined;
  readonly keys: readonly PublicKey[];
  readonly currency: Currency;
  readonly issuer: Author;
  /** The issuer's newest hold with its certificate: the next one stands on it. */
  certified: { readonly hold: Spending; readonly certificate: Uint8Array } | undefined;
}

let names = 0;

async function witnesses(
  n: 1 | 4 | 7,
  seed: number,
  options: { readonly linked: boolean },
): Promise<Witnesses> {
  const world = await notaryWorld({ seed, crypto: quickCrypto, latency: LATENCY });
  const f = (n - 1) / 3;
  const honest: NotaryNode[] = [];
  for (let i = 0; i < n - f; i++) {
    const offset = ((2 * i) / Math.max(1, n - f - 1) - 1) * SKEW_MS;
    honest.push(await world.notary({ environment: skewed(world.environment, Math.round(offset)) }));
  }
  if (options.linked) world.linkAll(honest);
  await world.environment.advance(60_000);
  const liars = f === 0 ? undefined : quorum(`liars ${names++}`, 4, quickCrypto);
  const keys = [...honest.map(({ key }) => key), ...(liars?.keys.slice(0, f) ?? [])];
  const issuer = author(`issuer ${names++}`, quickCrypto);
  const currency = n === 7 ? await currencyOf(issuer, keys) : DUM1;
  return { world, f, honest, liars, keys, currency, issuer, certified: undefined };
}

/** A hold that all witnesses may speak about. */
async function newHold(group: Witnesses): Promise<HeldTrade> {
  const { world, f, honest, liars, keys, currency, issuer, certified } = group;
  const seller = author(`seller ${names++}`, quickCrypto);
  const buyer = currency.kind === 'issued' ? issuer : author(`buyer ${names++}`, quickCrypto);
  const named = currency.kind === 'issued' ? {} : { witnesses: keys };
  const trade = await held(world, seller, buyer, currency, named);
  if (currency.kind !== 'issued') return trade;
  const statement = spendStatement(currency.block.id, trade.hold.id);
  const shares: Share[] = [];
  for (const [index, node] of honest.entries()) {
    const run = certified === undefined ? [trade.hold] : [certified.hold, trade.hold];
    const request = spendRequest(node.key, run, {
      currency: currency.block.bytes,
      certificates: certified === undefined ? [] : [certified.certificate],
    });
    const answer = await node.ask(request);
    if (answer.kind === 'share') shares.push({ index, signature: answer.signature });
  }
  for (let i = 0; i < f; i++) shares.push(await lie(liars, i, honest.length, statement));
  const certificate = encodeCertificate({ ...statement, shares });
  group.certified = { hold: trade.hold, certificate };
  return { ...trade, evidence: { ...trade.evidence, certificate } };
}

async function lie(
  liars: Quorum | undefined,
  liar: number,
  offset: number,
  statement: Statement,
): Promise<Share> {
  return {
    index: offset + liar,
    signature: await signStatement(statement, liars!.signers[liar]!, quickCrypto),
  };
}

/** Does something at a moment of the world, whatever comes of it. */
function at(world: NotaryWorld, time: number, act: () => Promise<unknown>): void {
  world.environment.schedule(Math.max(0, time - world.environment.now()), () => void act().catch(() => {}));
}

/** Everything that the honest witnesses said about a hold. */
interface Said {
  readonly ack: number;
  readonly none: number;
  readonly paid: number;
  readonly refund: number;
}

async function said(
  { f, honest, liars }: Witnesses,
  trade: HeldTrade,
  options: { readonly liarsSilent: boolean },
): Promise<Said> {
  const ask = async (acks?: Uint8Array): Promise<readonly (readonly string[])[]> => {
    const kinds: string[][] = [];
    shares.length = 0;
    for (const [index, node] of honest.entries()) {
      const answer = await node.say(outcomeRequest(node.key, trade, acks === undefined ? {} : { acks }));
      for (const { kind, signature } of answer.statements)
        if (kind === 'ack') shares.push({ index, signature });
      kinds.push(answer.statements.map(({ kind }) => kind));
    }
    return kinds;
  };
  const shares: Share[] = [];
  await ask();
  const statement = ackOf(trade);
  const joined = [...shares];
  if (!options.liarsSilent) {
    for (let i = 0; i < f; i++) joined.push(await lie(liars, i, honest.length, statement));
  }
  const certified =
    joined.length >= 2 * f + 1 ? encodeCertificate({ ...statement, shares: joined }) : undefined;
  const kinds = await ask(certified);
  const count = (kind: string): number => kinds.filter((list) => list.includes(kind)).length;
  return { ack: count('ack'), none: count('none'), paid: count('paid'), refund: count('refund') };
}

/** The statement that liars make in time and out of it. */
function ackOf(trade: HeldTrade): Statement {
  return { kind: 'ack', currency: currencyOfHold(trade), subject: trade.hold.id, extra: trade.release.id };
}

/** How statements about the hold name its currency. */
function currencyOfHold({ evidence }: HeldTrade): BlockId | null {
  return evidence.currency === null ? null : decodeHalfBlock(evidence.currency, quickCrypto).id;
}

describe('rounds at the release deadline', () => {
  /** Part B of the toy model: a release at any time to any witness, and liars' acknowledgements aimed at the deadline. */
  async function splits(n: 4 | 7, linked: boolean, holds: number, seeds: readonly number[]): Promise<number> {
    let split = 0;
    for (const seed of seeds) {
      const group = await witnesses(n, seed, { linked });
      const { world, f, honest, liars } = group;
      const random = seededRandom(seed);
      const trades: HeldTrade[] = [];
      for (let i = 0; i < holds; i++) {
        const trade = await newHold(group);
        trades.push(trade);
        const statement = ackOf(trade);
        const lies = await Promise.all(
          Array.from({ length: f }, (_, liar) => lie(liars, liar, honest.length, statement)),
        );
        for (const node of honest) {
          const request = releaseRequest(node.key, trade);
          if (random.below(3) > 0) {
            const time = RELEASE_AT - 2 * DELTA_MS + random.below(4 * DELTA_MS);
            at(world, time, () => node.ask(request));
          }
          if (random.below(2) > 0) {
            const time = RELEASE_AT - 2 * DELTA_MS + random.below(6 * DELTA_MS);
            at(world, time, () => node.ask({ ...request, acks: lies }));
          }
        }
      }
      await world.at(RELEASE_AT + (f + 3) * DELTA_MS);
      for (const trade of trades) {
        const { ack, none } = await said(group, trade, { liarsSilent: true });
        expect(ack + none).toBe(honest.length);
        if (ack > 0 && none > 0) split++;
      }
    }
    return split;
  }

  it('never split four witnesses with one liar', async () => {
    expect(await splits(4, true, 50, [1, 2])).toBe(0);
  });

  it('never split seven with two liars', async () => {
    expect(await splits(7, true, 30, [4, 5])).toBe(0);
  });

  it('are what it takes: without them many holds are split', async () => {
    expect(await splits(4, false, 50, [1])).toBeGreaterThan(10);
  });
});

describe('outcomes', () => {
  const HOLDS = 40;
  interface Tally {
    both: number;
    stuck: number;
    safe: number;
    unpaid: number;
  }

  /** rules.mjs of the design on the real role: honest and lying sellers, complaints at any subset, liars that sign all or nothing. */
  async function tally(
    n: 1 | 4 | 7,
    sync: boolean,
    liarsSilent: boolean,
    holds: number,
    seed: number,
  ): Promise<Tally> {
    const group = await witnesses(n, seed, { linked: sync });
    const { world, f, honest, liars } = group;
    const quorumSize = 2 * f + 1;
    const random = seededRandom(seed);
    const trades: { readonly trade: HeldTrade; readonly honestSeller: boolean }[] = [];
    for (let i = 0; i < holds; i++) {
      const trade = await newHold(group);
      const honestSeller = random.below(2) === 0;
      trades.push({ trade, honestSeller });
      const statement = ackOf(trade);
      const lies = await Promise.all(
        Array.from({ length: f }, (_, liar) => lie(liars, liar, honest.length, statement)),
      );
      for (const node of honest) {
        const request = releaseRequest(node.key, trade);
        if (honestSeller || random.below(3) > 0) {
          const early = RELEASE_AT - 4 * DELTA_MS + random.below(2 * DELTA_MS);
          const any = RELEASE_AT - 2 * DELTA_MS + random.below(4 * DELTA_MS);
          at(world, honestSeller && sync ? early : any, () => node.ask(request));
        }
        if (!liarsSilent && f > 0 && random.below(2) > 0) {
          const time = RELEASE_AT - DELTA_MS + random.below(5 * DELTA_MS);
          at(world, time, () => node.ask({ ...request, acks: lies }));
        }
      }
      if (!honestSeller && random.below(2) === 0) {
        for (const node of honest) {
          if (random.below(2) === 0) continue;
          const time = COMPLAIN_AT - HOUR / 2 + random.below(HOUR);
          at(world, time, () => node.ask(complainRequest(node.key, trade, FOUNDED)));
        }
      }
    }
    await world.at(COMPLAIN_AT + HOUR);
    const result: Tally = { both: 0, stuck: 0, safe: 0, unpaid: 0 };
    const lying = liarsSilent ? 0 : f;
    for (const { trade, honestSeller } of trades) {
      const { ack, none, paid, refund } = await said(group, trade, { liarsSilent });
      const isPaid = paid + lying >= quorumSize;
      const isBack = refund + lying >= quorumSize || none + lying >= quorumSize;
      if (isPaid && isBack) result.both++;
      if (!isPaid && !isBack) result.stuck++;
      if (honestSeller && ack + lying >= quorumSize) {
        result.safe++;
        if (!isPaid) result.unpaid++;
      }
    }
    return result;
  }

  for (const n of [1, 4, 7] as const) {
    for (const liarsSilent of n === 1 ? [true] : [false, true]) {
      const who = `${n} witness${n === 1 ? '' : `es, liars ${liarsSilent ? 'silent' : 'sign everything'}`}`;
      it(`${who}: one outcome for each hold, and an honest seller is paid`, async () => {
        const counted = await tally(n, true, liarsSilent, HOLDS, 10 + n);
        expect(counted).toMatchObject({ both: 0, stuck: 0, unpaid: 0 });
        expect(counted.safe).toBeGreaterThan(5);
      });

      it(`${who}, who lose each other: still never two outcomes`, async () => {
        const counted = await tally(n, false, liarsSilent, HOLDS, 20 + n);
        expect(counted).toMatchObject({ both: 0, unpaid: 0 });
        expect(counted.stuck > 0).toBe(n > 1 && liarsSilent);
      });
    }
  }
});

describe('what some of the witnesses were shown', () => {
  it('H5 a release shown to two of four reaches all, and makes a quorum', async () => {
    const group = await witnesses(4, 31, { linked: true });
    const { world, honest, f } = group;
    const trade = await newHold(group);
    for (const node of honest.slice(0, 2)) await node.ask(releaseRequest(node.key, trade));
    await world.at(RELEASE_AT + (f + 2) * DELTA_MS);
    expect(await said(group, trade, { liarsSilent: true })).toMatchObject({ ack: 3, none: 0 });
  });

  it('H5 a complaint shown to two of four reaches all', async () => {
    const group = await witnesses(4, 32, { linked: true });
    const { world, honest } = group;
    const trade = await newHold(group);
    for (const node of honest) await node.ask(releaseRequest(node.key, trade));
    await world.at(COMPLAIN_AT - 1_000 - SKEW_MS);
    for (const node of honest.slice(0, 2)) await node.ask(complainRequest(node.key, trade, FOUNDED));
    await world.at(COMPLAIN_AT + HOUR);
    expect(await said(group, trade, { liarsSilent: true })).toMatchObject({ refund: 3, paid: 0 });
    // A proof may open a chunk of readings: none is kept when the rounds are over.
    for (const node of honest) expect(await node.store.entries('notary/complaint/')).toEqual([]);
  });

  it('H5 two releases of which each witness saw one give the money back', async () => {
    const group = await witnesses(4, 33, { linked: true });
    const { world, honest } = group;
    const trade = await newHold(group);
    const second = { ...trade, ...(await releasedOf(world, trade.seller, trade.hold)) };
    await honest[0]!.ask(releaseRequest(honest[0]!.key, trade));
    await honest[1]!.ask(releaseRequest(honest[1]!.key, second));
    await world.at(COMPLAIN_AT + HOUR);
    expect(await said(group, trade, { liarsSilent: true })).toMatchObject({ refund: 3, paid: 0 });
  });

  it('a witness that was down at the deadline tells on when it is back within Δ', async () => {
    const group = await witnesses(4, 34, { linked: true });
    const { world, honest } = group;
    const trade = await newHold(group);
    const [first, second, third] = honest;
    await first!.ask(releaseRequest(first!.key, trade));
    await first!.ask(outcomeRequest(first!.key, trade));
    first!.crash();
    await world.at(RELEASE_AT + 5_000);
    await first!.start();
    world.link(first!, second!);
    world.link(first!, third!);
    await world.at(RELEASE_AT + 4 * DELTA_MS);
    expect(await said(group, trade, { liarsSilent: true })).toMatchObject({ ack: 3, none: 0 });
  });
});
