import { memoryKeyValueStore } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { DUM1, type IssuedCurrency } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { encodeCertificate } from '../src/notary/certificate.ts';
import { spendStatement } from '../src/notary/spend-service.ts';
import { KilledError } from './support/killable-store.ts';
import { type Author, author } from './support/money.ts';
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
  spendRequest,
} from './support/notary-world.ts';

/** Everything that a notary has ever said, whoever heard it. */
interface Heard {
  /** Blocks with a spend share. */
  readonly spends: Set<string>;
  /** Statements about the hold. */
  readonly statements: Set<string>;
}

/** Asks, and writes down what is said; a notary that dies says nothing. */
async function ask(node: NotaryNode, request: Parameters<NotaryNode['ask']>[0], heard: Heard): Promise<void> {
  try {
    const answer = await node.ask(request);
    if (answer.kind === 'share' && request.kind === 'spend') heard.spends.add(request.want.toString());
    if (answer.kind === 'holds') {
      for (const { kind } of answer.holds[0]?.statements ?? []) heard.statements.add(kind);
    }
  } catch (error) {
    if (!(error instanceof KilledError)) throw error;
  }
}

/** Opens the node again after a kill; a kill may come while it opens. */
async function restart(node: NotaryNode, killAt?: number, takesEffect?: boolean): Promise<boolean> {
  node.crash();
  try {
    await node.start(killAt, takesEffect);
    return true;
  } catch (error) {
    if (!(error instanceof KilledError)) throw error;
    return false;
  }
}

/** Most calls to the store that one script makes; a script that makes more fails the test. */
const MAX_CALLS = 80;

/**
 * Runs a script once for each call that the store gets, killing the process at it, before and after it takes effect;
 * then opens the same store again and runs the rest.
 */
async function killedEverywhere(
  prepare: () => Promise<{
    readonly node: NotaryNode;
    readonly before: (heard: Heard) => Promise<void>;
    readonly after: (heard: Heard) => Promise<void>;
  }>,
  check: (heard: Heard, killedAt: number) => void,
): Promise<number> {
  let kills = 0;
  for (const takesEffect of [false, true]) {
    for (let killAt = 1; ; killAt++) {
      if (killAt > MAX_CALLS) throw new Error('the script never ended');
      const heard: Heard = { spends: new Set(), statements: new Set() };
      const { node, before, after } = await prepare();
      if (await restart(node, killAt, takesEffect)) await before(heard);
      const wasKilled = node.live.dead;
      await restart(node);
      await after(heard);
      check(heard, killAt);
      node.crash();
      if (!wasKilled) break;
      kills++;
    }
  }
  return kills;
}

let names = 0;
const fresh = (name: string): Author => author(`crash ${name} ${names++}`, quickCrypto);

async function newNode(): Promise<{ readonly world: NotaryWorld; readonly node: NotaryNode }> {
  const world = await notaryWorld({ crypto: quickCrypto });
  return { world, node: await world.notary({}, memoryKeyValueStore()) };
}

describe('kill −9', () => {
  it('at every call to the store never gives two spend shares for one number', async () => {
    let otherId = '';
    const heardOf = new Set<string>();
    const kills = await killedEverywhere(
      async () => {
        const { node } = await newNode();
        const issuer = fresh('issuer');
        const sun: IssuedCurrency = await currencyOf(issuer, [node.key]);
        const bob = fresh('bob');
        const fork = issuer.fork();
        const run: Spending[] = [];
        for (let i = 0; i < 3; i++) run.push(await issuer.transfer(sun, bob.key, 1n));
        const other = await fork.transfer(sun, bob.key, 9n);
        otherId = other.key;
        const shown = { currency: sun.block.bytes };
        return {
          node,
          before: (heard) => ask(node, spendRequest(node.key, run, shown), heard),
          async after(heard) {
            await ask(node, spendRequest(node.key, [other], shown), heard);
            await ask(node, spendRequest(node.key, run, shown), heard);
            await ask(node, spendRequest(node.key, run.slice(0, 1), shown), heard);
          },
        };
      },
      ({ spends }) => {
        if (spends.size > 0) heardOf.add(spends.has(otherId) ? 'the other' : 'the run');
        if (spends.has(otherId)) expect(spends.size).toBe(1);
      },
    );
    expect(kills).toBeGreaterThan(10);
    expect(heardOf).toEqual(new Set(['the other', 'the run']));
  });

  it('never signs both branches of an account', async () => {
    await killedEverywhere(
      async () => {
        const { node } = await newNode();
        const issuer = fresh('issuer');
        const sun = await currencyOf(issuer, [node.key]);
        const fork = issuer.fork();
        const bob = fresh('bob');
        const one = await issuer.transfer(sun, bob.key, 1n);
        const two = await fork.transfer(sun, bob.key, 2n);
        const shown = { currency: sun.block.bytes };
        return {
          node,
          before: async (heard) => {
            await ask(node, spendRequest(node.key, [one], shown), heard);
            await ask(node, spendRequest(node.key, [two], shown), heard);
          },
          after: async (heard) => {
            await ask(node, spendRequest(node.key, [two], shown), heard);
            await ask(node, spendRequest(node.key, [one], shown), heard);
          },
        };
      },
      ({ spends }) => expect(spends.size).toBeLessThanOrEqual(1),
    );
  });

  it('never lets one income be claimed twice', async () => {
    await killedEverywhere(
      async () => {
        const { node } = await newNode();
        const issuer = fresh('issuer');
        const sun = await currencyOf(issuer, [node.key]);
        const bob = fresh('bob');
        const grant = await issuer.transfer(sun, bob.key, 5n);
        const answer = await node.ask(spendRequest(node.key, [grant], { currency: sun.block.bytes }));
        if (answer.kind !== 'share') throw new Error('expected a share');
        const statement = spendStatement(sun.block.id, grant.id);
        const certificate = { ...statement, shares: [{ index: 0, signature: answer.signature }] };
        const shown = { incomes: [grant.block.bytes], certificates: [encodeCertificate(certificate)] };
        const claim = { id: grant.id, amount: 5n, certificate: null };
        const first = await bob.claim(sun, [claim]);
        const again = await bob.claim(sun, [claim]);
        return {
          node,
          before: async (heard) => {
            await ask(node, spendRequest(node.key, [first], shown), heard);
            await ask(node, spendRequest(node.key, [again], shown), heard);
          },
          after: async (heard) => {
            await ask(node, spendRequest(node.key, [again], shown), heard);
            await ask(node, spendRequest(node.key, [first, again], shown), heard);
          },
        };
      },
      ({ spends }) => expect(spends.size).toBeLessThanOrEqual(1),
    );
  });

  /** A hold with one witness, as a script at a time. */
  async function hold(): Promise<{
    readonly world: NotaryWorld;
    readonly node: NotaryNode;
    readonly seller: Author;
    readonly buyer: Author;
    readonly trade: HeldTrade;
  }> {
    const { world, node } = await newNode();
    const seller = fresh('seller');
    const buyer = fresh('buyer');
    const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    return { world, node, seller, buyer, trade };
  }

  it('never says ack and none of one hold', async () => {
    await killedEverywhere(
      async () => {
        const { world, node, trade } = await hold();
        return {
          node,
          before: (heard) => ask(node, releaseRequest(node.key, trade), heard),
          after: async (heard) => {
            await world.at(RELEASE_AT + 1);
            await ask(node, outcomeRequest(node.key, trade), heard);
            await ask(node, releaseRequest(node.key, trade), heard);
          },
        };
      },
      ({ statements }) => {
        expect(statements.has('ack') && statements.has('none')).toBe(false);
        expect(statements.size).toBe(1);
      },
    );
  });

  it('never says none and then ack, when its clock goes back over the restart', async () => {
    await killedEverywhere(
      async () => {
        const { world, node, trade } = await hold();
        await world.at(RELEASE_AT + 1);
        let offset = 0;
        node.options.environment = {
          now: () => world.environment.now() + offset,
          schedule: (ms, callback) => world.environment.schedule(ms, callback),
          randomBytes: (length) => world.environment.randomBytes(length),
        };
        return {
          node,
          before: (heard) => ask(node, outcomeRequest(node.key, trade), heard),
          after: async (heard) => {
            offset = -10_000;
            await ask(node, releaseRequest(node.key, trade), heard);
          },
        };
      },
      ({ statements }) => expect(statements.has('ack') && statements.has('none')).toBe(false),
    );
  });

  it('never says paid and refund of one hold', async () => {
    for (const complaintFirst of [true, false]) {
      await killedEverywhere(
        async () => {
          const { world, node, buyer, trade } = await hold();
          const release = releaseRequest(node.key, trade);
          await node.ask(release);
          const receipt = await buyer.receipt(trade.hold, trade.release);
          const complaint = complainRequest(node.key, trade, FOUNDED);
          const paid = outcomeRequest(node.key, trade, { receipt });
          const [first, second] = complaintFirst ? [complaint, paid] : [paid, complaint];
          return {
            node,
            before: (heard) => ask(node, first, heard),
            after: async (heard) => {
              await ask(node, second, heard);
              await ask(node, first, heard);
              await world.at(COMPLAIN_AT + 1);
              await ask(node, outcomeRequest(node.key, trade), heard);
            },
          };
        },
        ({ statements }) => {
          expect(statements.has('paid') && statements.has('refund')).toBe(false);
          expect(statements.has('paid') || statements.has('refund')).toBe(true);
        },
      );
    }
  });

  it('never acknowledges two releases of one hold', async () => {
    const heardAcks = new Set<string>();
    await killedEverywhere(
      async () => {
        heardAcks.clear();
        const { world, node, seller, trade } = await hold();
        const second = { ...trade, ...(await releasedOf(world, seller, trade.hold)) };
        const show = async (shown: HeldTrade): Promise<void> => {
          try {
            const answer = await node.ask(releaseRequest(node.key, shown));
            if (answer.kind !== 'holds') return;
            for (const { kind, extra } of answer.holds[0]?.statements ?? []) {
              if (kind === 'ack') heardAcks.add(String(extra));
            }
          } catch (error) {
            if (!(error instanceof KilledError)) throw error;
          }
        };
        return {
          node,
          before: () => show(trade),
          after: async () => {
            await show(second);
            await show(trade);
          },
        };
      },
      () => expect(heardAcks.size).toBe(1),
    );
  });
});

describe('two requests at once', () => {
  it('never bind one number to two blocks', async () => {
    const { node } = await newNode();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const bob = fresh('bob');
    const forks = Array.from({ length: 8 }, () => issuer.fork());
    const blocks = await Promise.all(forks.map((fork, i) => fork.transfer(sun, bob.key, BigInt(i + 1))));
    const answers = await Promise.all(
      blocks.map((block) => node.ask(spendRequest(node.key, [block], { currency: sun.block.bytes }))),
    );
    expect(answers.map(({ kind }) => kind).sort()).toEqual([
      'refused',
      'refused',
      'refused',
      'refused',
      'refused',
      'refused',
      'refused',
      'share',
    ]);
  });

  it('never make two choices about one hold', async () => {
    const { world, node } = await newNode();
    const seller = fresh('seller');
    const buyer = fresh('buyer');
    const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    await node.ask(releaseRequest(node.key, trade));
    const receipt = await buyer.receipt(trade.hold, trade.release);
    const heard: Heard = { spends: new Set(), statements: new Set() };
    await Promise.all([
      ask(node, complainRequest(node.key, trade, FOUNDED), heard),
      ask(node, outcomeRequest(node.key, trade, { receipt }), heard),
      ask(node, complainRequest(node.key, trade, FOUNDED), heard),
    ]);
    expect([...heard.statements].sort()).toHaveLength(2);
  });
});
