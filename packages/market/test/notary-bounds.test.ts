import { memoryKeyValueStore, publicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { decodeNotaryAnswer } from '../src/notary/answers.ts';
import { type DEFAULT_NOTARY_LIMITS, MAX_CURRENCIES, MAX_KEYS } from '../src/notary/limits.ts';
import type { encodeNotaryRequest } from '../src/notary/messages.ts';
import { Rates } from '../src/notary/rates.ts';
import { type Author, author, someId } from './support/money.ts';
import {
  currencyOf,
  held,
  notaryWorld,
  outcomeRequest,
  quickCrypto,
  releaseRequest,
  spendRequest,
} from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`bounds ${name} ${names++}`, quickCrypto);
const peerKey = (i: number) => publicKey(quickCrypto.sha256(Uint8Array.of(i & 255, i >> 8)));

async function served(limits: Partial<typeof DEFAULT_NOTARY_LIMITS> = {}) {
  const world = await notaryWorld({ crypto: quickCrypto });
  const node = await world.notary({ limits });
  const issuer = fresh('issuer');
  const sun = await currencyOf(issuer, [node.key]);
  const grant = await issuer.transfer(sun, fresh('alice').key, 1n);
  expect((await node.ask(spendRequest(node.key, [grant], { currency: sun.block.bytes }))).kind).toBe('share');
  return { world, node, issuer, sun, grant };
}

describe('load', () => {
  it('one peer that floods is told to come later, and takes nothing from others', async () => {
    const { node, grant } = await served({ peer: { burst: 20, perSecond: 1 } });
    const flooder = peerKey(1);
    const kinds: string[] = [];
    for (let i = 0; i < 50; i++) kinds.push((await node.ask(spendRequest(node.key, [grant]), flooder)).kind);
    expect(kinds.filter((kind) => kind === 'share').length).toBeLessThanOrEqual(10);
    expect(kinds.at(-1)).toBe('later');
    expect((await node.ask(spendRequest(node.key, [grant]), peerKey(2))).kind).toBe('share');
  });

  it('comes back with time', async () => {
    const { world, node, grant } = await served({ peer: { burst: 4, perSecond: 1 } });
    const peer = peerKey(1);
    let answer = await node.ask(spendRequest(node.key, [grant]), peer);
    while (answer.kind === 'share') answer = await node.ask(spendRequest(node.key, [grant]), peer);
    if (answer.kind !== 'later') throw new Error('expected later');
    await world.environment.advance(answer.ms);
    expect((await node.ask(spendRequest(node.key, [grant]), peer)).kind).not.toBe('refused');
  });

  it('a flood of new peers with new keys takes from strangers only', async () => {
    const { world, node, issuer, sun } = await served({ strangers: { burst: 20, perSecond: 0.001 } });
    const seller = fresh('seller');
    const kinds: string[] = [];
    for (let i = 0; i < 30; i++) {
      const trade = await held(world, seller, fresh('buyer'), DUM1, { witnesses: [node.key] });
      kinds.push((await node.ask(releaseRequest(node.key, trade), peerKey(100 + i))).kind);
    }
    expect(kinds.filter((kind) => kind === 'holds')).toHaveLength(4);
    expect(kinds.at(-1)).toBe('later');
    expect(node.notary.kept().releases).toBe(4);
    // Whoever has an account is served as before.
    const next = await issuer.transfer(sun, fresh('bob').key, 1n);
    expect((await node.ask(spendRequest(node.key, [next]))).kind).toBe('share');
  });

  it('an author without balance or certificate costs no signature check', async () => {
    const { world, node, sun } = await served();
    let verified = 0;
    const counting = {
      ...quickCrypto,
      ed25519VerifyMany: (...args: Parameters<typeof quickCrypto.ed25519VerifyMany>) => {
        verified += args[0].length;
        return quickCrypto.ed25519VerifyMany(...args);
      },
    };
    await node.stop();
    node.options.crypto = counting;
    await node.start();
    expect(world.crypto).toBe(quickCrypto);
    const stranger = fresh('stranger');
    const claim = { id: someId('nothing'), amount: 5n, certificate: null };
    const first = await stranger.claim(sun, [claim]);
    for (let i = 0; i < 20; i++) {
      expect(await node.ask(spendRequest(node.key, [first]))).toEqual({ kind: 'need', ids: [claim.id] });
    }
    expect(verified).toBe(0);
  });

  it('more requests at once than it works on are told to come later', async () => {
    const { node, grant } = await served({ concurrent: 4 });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => node.ask(spendRequest(node.key, [grant]), peerKey(i))),
    );
    expect(answers.filter(({ kind }) => kind === 'later')).toHaveLength(6);
  });

  it('bytes that are no request cost their peer, and change nothing', async () => {
    const { world, node } = await served({ peer: { burst: 12, perSecond: 0.001 } });
    const peer = peerKey(1);
    for (let i = 0; i < 2; i++) {
      await expect(node.notary.answer(Uint8Array.of(255), peer)).rejects.toMatchObject({
        code: 'ERR_MARKET_FORMAT',
      });
    }
    expect(decodeNotaryAnswer(await node.notary.answer(Uint8Array.of(255), peer)).kind).toBe('later');
    expect(world.nodes).toHaveLength(1);
  });
});

describe('needs', () => {
  it('name at most 64 blocks, however many are missing', async () => {
    const { node, issuer, sun } = await served();
    const claims = Array.from({ length: 64 }, (_, i) => ({
      id: someId(`claim ${i}`),
      amount: 1n,
      certificate: null,
    })).sort((a, b) => Buffer.compare(a.id.bytes, b.id.bytes));
    const run: Spending[] = [];
    for (let i = 0; i < 3; i++) {
      const renamed = claims.map((claim, j) => ({ ...claim, id: someId(`claim ${i} ${j}`) }));
      run.push(
        await issuer.claim(
          sun,
          renamed.sort((a, b) => Buffer.compare(a.id.bytes, b.id.bytes)),
        ),
      );
    }
    const answer = await node.ask(spendRequest(node.key, run));
    expect(answer.kind === 'need' && answer.ids.length).toBe(64);
  });

  it('64 holds are answered, and a 65th is no request', async () => {
    const { world, node } = await served();
    const seller = fresh('seller');
    const buyer = fresh('buyer');
    const holds: Parameters<typeof encodeNotaryRequest>[0][] = [];
    for (let i = 0; i < 65; i++) {
      const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key], amount: 1n });
      holds.push(outcomeRequest(node.key, trade));
    }
    const questions = holds.flatMap((request) => (request.kind === 'outcome' ? request.holds : []));
    const request = { kind: 'outcome', key: node.key, holds: questions.slice(0, 64) } as const;
    const answer = await node.ask(request, peerKey(3));
    expect(answer.kind === 'holds' && answer.holds.every(({ need }) => !need)).toBe(true);
    await expect(node.ask({ ...request, holds: questions }, peerKey(4))).rejects.toMatchObject({
      code: 'ERR_MARKET_FORMAT',
    });
  });
});

describe('what is kept', () => {
  it('at most 256 currencies, of those that the owner serves', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary();
    let last = '';
    for (let i = 0; i <= MAX_CURRENCIES; i++) {
      const issuer = fresh('issuer');
      const currency = await currencyOf(issuer, [node.key]);
      const block = await issuer.transfer(currency, peerKey(1), 1n);
      const request = spendRequest(node.key, [block], { currency: currency.block.bytes });
      last = (await node.ask(request, peerKey(1000 + i))).kind;
      if (i < MAX_CURRENCIES) expect(last).toBe('share');
    }
    expect(last).toBe('need');
    expect(node.notary.currencies()).toHaveLength(MAX_CURRENCIES);
    const strict = await world.notary({ serve: () => false }, memoryKeyValueStore());
    const issuer = fresh('issuer');
    const currency = await currencyOf(issuer, [strict.key]);
    const block = await issuer.transfer(currency, peerKey(1), 1n);
    const request = spendRequest(strict.key, [block], { currency: currency.block.bytes });
    expect((await strict.ask(request)).kind).toBe('need');
  });

  it('at most 16 statement keys', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary();
    for (let i = 1; i < MAX_KEYS; i++) await node.notary.addKey();
    await expect(node.notary.addKey()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('releases up to their bytes', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { releaseBytes: 2_000 } });
    const kinds: string[] = [];
    for (let i = 0; i < 6; i++) {
      const trade = await held(world, fresh('seller'), fresh('buyer'), DUM1, { witnesses: [node.key] });
      kinds.push((await node.ask(releaseRequest(node.key, trade))).kind);
    }
    expect(kinds[0]).toBe('holds');
    expect(kinds.at(-1)).toBe('later');
    expect(node.notary.kept().bytes).toBeLessThan(4_000);
  });
});

describe('rates', () => {
  it('say when there is room again, and forget nobody that owes for a flood of names', () => {
    let now = 0;
    const rates = new Rates({ burst: 1, perSecond: 1 }, () => now);
    expect(rates.take('victim')).toBe(0);
    expect(rates.take('victim')).toBe(1_000);
    rates.charge('victim', 10);
    for (let i = 0; i < 20_000; i++) rates.take(`name ${i}`);
    now = 5_000;
    expect(rates.take('victim')).toBe(1_000);
    now = 11_000;
    expect(rates.take('victim')).toBe(0);
    expect(new Rates({ burst: 2, perSecond: 1 }, () => 0).take('x', 100)).toBe(0);
  });
});
