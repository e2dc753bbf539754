/** Slots: names that at most one block of an author may carry. */
import { type HalfBlock, type TypeRule, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import {
  decodeFraudProof,
  encodeFraudProof,
  slotEvidence,
  slotsBy,
  verifyFraudProof,
} from '@edmp/trustchain/fraud';
import { exportChainCar, importChainCar, verifyChain } from '@edmp/trustchain/tools';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { after, blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

/** Payments of two types share their numbers. */
const paying: TypeRule = {
  slot: ({ core }) => {
    const { n } = (core.tx ?? {}) as { readonly n?: unknown };
    return typeof n === 'number' ? `spend/sun/${n}` : undefined;
  },
};
const rules = { pay: paying, claim: paying };
const slotOf = slotsBy(new Map(Object.entries(rules)));
const mallory = signerOf(99);

/** A chain in which positions 3 and 5 spend number 2, each by another type. */
const twice = async (): Promise<HalfBlock[]> =>
  chainOf(mallory, 5, (seq) => ({
    type: seq === 5 ? 'claim' : 'pay',
    tx: seq === 5 || seq === 3 ? { n: 2 } : { n: 100 + seq },
  }));
const alone = async (known: Readonly<Record<string, TypeRule>> = rules) => {
  const store = memoryBlockStore();
  const environment = virtualEnvironment();
  const chain = await createTrustchain({ signer: signerOf(1), crypto, store, environment, rules: known });
  const proofs: string[] = [];
  chain.on((event) => {
    if (event.type === 'fraud') proofs.push(Buffer.from(event.proof).toString('hex'));
  });
  return { store, chain, proofs };
};

describe('two blocks with one slot', () => {
  it('prove fraud in any order, whatever their types, once, for ever', async () => {
    const chain = await twice();
    const [a, b] = [itemAt(chain, 2), itemAt(chain, 4)];
    const { store, chain: judge, proofs } = await alone();
    expect(await judge.accuse(a, b)).toBe(true);
    expect(await judge.accuse(b, a)).toBe(false);
    expect(proofs.length).toBe(1);
    expect(await judge.isFraudulent(mallory.publicKey)).toBe(true);
    const again = await createTrustchain({
      signer: signerOf(1),
      crypto,
      store,
      environment: virtualEnvironment(),
    });
    expect(await again.isFraudulent(mallory.publicKey), 'after a restart without rules').toBe(true);
    const [bytes] = await store.proofs(mallory.publicKey);
    if (bytes === undefined) throw new Error('no proof');
    expect(verifyFraudProof(bytes, crypto, slotOf)).toMatchObject({
      kind: 'slot',
      author: mallory.publicKey,
    });
    const judged = await codeOfAsync(judge.propose({ peer: mallory.publicKey, type: 'pay', tx: {} }));
    expect(judged).toBe('ERR_CHAIN_FRAUD');
  });

  it('at one position are a fork', async () => {
    const [first] = await twice();
    if (first === undefined) throw new Error('no block');
    const [a, b] = [await after(mallory, first, { tx: 1 }), await after(mallory, first, { tx: 2 })];
    const { chain: judge, store } = await alone({});
    expect(await judge.accuse(a, b)).toBe(true);
    const [bytes] = await store.proofs(mallory.publicKey);
    expect(bytes && verifyFraudProof(bytes, crypto).kind).toBe('fork');
  });

  it('prove nothing when they do not, are not signed, are one, or of two authors', async () => {
    const chain = await twice();
    const [one, three, five] = [itemAt(chain, 0), itemAt(chain, 2), itemAt(chain, 4)];
    const { chain: judge } = await alone();
    const none = await after(mallory, five, { type: 'pay', tx: 'no number' });
    const other = await blockOf(signerOf(5), { type: 'pay', tx: { n: 2 }, seq: 9, prev: one.id });
    const forged = { ...five, bytes: five.bytes.slice().fill(1, five.bytes.length - 8) };
    for (const [a, b, code] of [
      [one, three, 'ERR_FRAUD_UNFOUNDED'],
      [three, none, 'ERR_FRAUD_UNFOUNDED'],
      [three, three, 'ERR_FRAUD_UNFOUNDED'],
      [three, other, 'ERR_FRAUD_UNFOUNDED'],
      [three, forged, 'ERR_FRAUD_SIGNATURE'],
    ] as const) {
      expect(await codeOfAsync(judge.accuse(a, b))).toBe(code);
    }
    expect(await judge.isFraudulent(mallory.publicKey)).toBe(false);
  });

  it('prove nothing to whoever has no rule for their types', async () => {
    const chain = await twice();
    const [a, b] = [itemAt(chain, 2), itemAt(chain, 4)];
    for (const known of [{}, { pay: paying }, { ...rules, claim: {} }]) {
      const { chain: judge } = await alone(known);
      expect(await codeOfAsync(judge.accuse(a, b))).toBe('ERR_FRAUD_UNKNOWN');
      expect(await judge.isFraudulent(mallory.publicKey)).toBe(false);
    }
    const evidence = slotEvidence(a, b);
    if (evidence === undefined) throw new Error('no evidence');
    const { bytes } = encodeFraudProof(evidence, crypto);
    expect(codeOf(() => verifyFraudProof(bytes, crypto))).toBe('ERR_FRAUD_UNKNOWN');
    expect(decodeFraudProof(bytes, crypto).id.equals(encodeFraudProof(evidence, crypto).id)).toBe(true);
  });

  it('are the same proof for every accuser, whoever finds them in whichever order, and no others prove anything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ type: fc.constantFrom('pay', 'claim', 'note'), n: fc.integer({ min: 0, max: 3 }) }),
          {
            minLength: 2,
            maxLength: 7,
          },
        ),
        fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 1, maxLength: 12 }),
        async (spends, pairs) => {
          const chain = await chainOf(mallory, spends.length, (seq) => {
            const { type, n } = itemAt(spends, seq - 1);
            return { type, tx: n === 0 ? null : { n } };
          });
          const [one, other] = [await alone(), await alone()];
          const found = new Set<string>();
          for (const [x, y] of pairs) {
            const [i, j] = [x % chain.length, y % chain.length];
            const [a, b] = [itemAt(chain, i), itemAt(chain, j)];
            const isNote = itemAt(spends, i).type === 'note' || itemAt(spends, j).type === 'note';
            const { n } = itemAt(spends, i);
            const isFounded = i !== j && n > 0 && n === itemAt(spends, j).n && !isNote;
            const [code, turned] = [
              await codeOfAsync(one.chain.accuse(a, b)),
              await codeOfAsync(other.chain.accuse(b, a)),
            ];
            expect(turned).toBe(code);
            if (isFounded) found.add([i, j].sort().join());
            expect(code === 'no error').toBe(isFounded);
          }
          expect(one.proofs).toEqual(other.proofs);
          expect(one.proofs.length).toBe(Math.min(found.size, 16));
          expect(await one.chain.isFraudulent(mallory.publicKey)).toBe(found.size > 0);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('a slot', () => {
  it('that a rule cannot name, or names badly, is none', async () => {
    const block = await blockOf(mallory, { type: 'pay' });
    const bad = [
      () => '',
      () => 'x'.repeat(257),
      () => 7,
      () => {
        throw new Error('broken rule');
      },
      () => undefined,
    ];
    for (const slot of bad) {
      expect(slotsBy(new Map([['pay', { slot } as unknown as TypeRule]]))(block)).toBeNull();
    }
    expect(slotsBy(new Map([['pay', {}]]))(block)).toBeUndefined();
    expect(slotsBy(new Map([['pay', { slot: () => 'x'.repeat(256) }]]))(block)).toBe('x'.repeat(256));
  });
});

describe('the proof of a slot', () => {
  const accused = async () => {
    const place = await town({ size: 6, linked: false });
    current = place;
    // 0 – 1 – 2 – 3 – 4, and 5 beside 0; node 1 has no rule, so that nothing gets past it.
    const informed = [0, 2, 3, 4, 5];
    for (const index of informed) {
      for (const [type, rule] of Object.entries(rules)) place.at(index).chain.registerType(type, rule);
    }
    const link = (a: number, b: number): void =>
      place.networks.link(place.at(a).chain.self, place.at(b).chain.self);
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [0, 5],
    ] as const) {
      link(a, b);
    }
    await place.pass();
    const chain = await twice();
    await place.run(place.at(0).chain.accuse(itemAt(chain, 2), itemAt(chain, 4)));
    return { place, link };
  };
  const knowing = async (place: Town): Promise<boolean[]> =>
    Promise.all(place.nodes.map(({ chain }) => chain.isFraudulent(mallory.publicKey)));

  it('spreads by gossip among those who have the rule, and no further', async () => {
    const { place, link } = await accused();
    await place.pass(500);
    expect(await knowing(place)).toEqual([true, false, false, false, false, true]);
    await place.pass(300_000);
    expect(await knowing(place), 'nor by reconciling').toEqual([true, false, false, false, false, true]);
    link(0, 2);
    await place.pass(200_000);
    expect(await knowing(place)).toEqual([true, false, true, true, true, true]);
    expect(place.at(1).network.peers().length, 'nobody is blamed for passing it').toBe(2);
  });

  it('that came before its rule was registered is judged then', async () => {
    const place = await town({ size: 2, linked: false });
    current = place;
    for (const [type, rule] of Object.entries(rules)) place.at(0).chain.registerType(type, rule);
    place.networks.link(place.at(0).chain.self, place.at(1).chain.self);
    await place.pass();
    const chain = await twice();
    await place.run(place.at(0).chain.accuse(itemAt(chain, 2), itemAt(chain, 4)));
    await place.pass(200_000);
    expect(await knowing(place)).toEqual([true, false]);
    for (const [type, rule] of Object.entries(rules)) place.at(1).chain.registerType(type, rule);
    await place.pass(200_000);
    expect(await knowing(place)).toEqual([true, true]);
  });

  it('travels in a CAR file, and is believed by whoever has the rule', async () => {
    const chain = await twice();
    const { chain: judge, store } = await alone();
    for (const block of chain) await judge.receive(block.bytes);
    await judge.accuse(itemAt(chain, 2), itemAt(chain, 4));
    const pieces: Uint8Array[] = [];
    for await (const piece of exportChainCar(store, mallory.publicKey, { crypto })) pieces.push(piece);
    async function* source() {
      yield* pieces;
    }
    for (const [known, isBelieved] of [
      [rules, true],
      [{}, false],
    ] as const) {
      const reader = await alone(known);
      expect(await importChainCar(reader.chain, source(), { crypto })).toMatchObject({
        blocks: 5,
        proofs: 1,
      });
      expect(await reader.chain.isFraudulent(mallory.publicKey)).toBe(isBelieved);
    }
    const options = { crypto, now: Date.UTC(2027, 0, 1) };
    const known = new Map(Object.entries(rules));
    expect(await verifyChain(store, mallory.publicKey, { ...options, rules: known })).toMatchObject({
      proofs: 1,
      unreadable: [],
      sound: false,
    });
    expect(await verifyChain(store, mallory.publicKey, options)).toMatchObject({
      unreadable: [{ kind: 'proof', issue: { code: 'ERR_FRAUD_UNKNOWN' } }],
      sound: false,
    });
  });
});
