/** A buyer that complains about data that is right is convicted by its own signature, and nobody else ever is. */

import { bytesToHex, EdmpError, equalBytes, type Network, type OpenOutcome } from '@edmp/interface';
import { price } from '@edmp/market';
import { decodeFalseComplaint, encodeFalseComplaint, judgeFalseComplaintProof } from '@edmp/market/notary';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeCanonical, encodeCanonical } from '../src/codec/fields.ts';
import {
  decodeNotaryAnswer,
  encodeNotaryAnswer,
  type NotaryAnswer,
  type SignedProof,
  signedProofToTx,
} from '../src/notary/answers.ts';
import { keptBinding, sealTo } from '../src/notary/complaint-seal.ts';
import { NOTARY_PROTOCOL } from '../src/notary/limits.ts';
import { decodeNotaryRequest, type NotaryRequest } from '../src/notary/messages.ts';
import { crypto, documentOf } from './support/documents.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from './support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

const SHORT = {
  deltaMs: 500,
  shortComplaints: true,
  deadlines: { accept: 10_000, release: 10_000, complain: 60_000 },
};

interface Cast {
  readonly seller: Node;
  readonly buyer: Node;
  readonly maker: Node;
  readonly asset: string;
}

async function cast(seed: number): Promise<Cast> {
  world = await createWorld(seed);
  const trio = await world.trio(SHORT);
  const asset = trio.seller.settlement.add(documentOf('goods'));
  await trio.seller.market.sell({
    document: documentOf('goods'),
    price: price('DUM1', 10),
    supply: 5,
    lifetimeMs: DAY,
  });
  await world.environment.advance(300);
  return { ...trio, asset };
}

const buy = ({ buyer, asset }: Cast, again = false) =>
  buyer.market.buy({ asset, price: price('DUM1', 10), lifetimeMs: 3_600_000, ...(again ? { again } : {}) });

/** The seller is paid, and has had time to ask its witnesses. */
async function untilAsked({ seller }: Cast): Promise<void> {
  await world.until(() => seller.market.trades()[0]?.finished === true, 300_000, 200);
  await world.environment.advance(120_000);
}

const proofsOf = (node: Node) => node.market.tradeProofs(tradeOf(node).id);

type Asked = Extract<NotaryRequest, { kind: 'complaint' }>;

/** The answers of a node's notary to a seller that asks for complaints, changed on their way. */
function meddling(
  node: Node,
  change: (answer: NotaryAnswer, asked: Asked) => NotaryAnswer | undefined | Promise<NotaryAnswer>,
): void {
  const { network } = node as { network: Network };
  const request = network.request.bind(network);
  network.request = (to, name, body, options) => {
    const asked = name === NOTARY_PROTOCOL ? decodeNotaryRequest(body) : undefined;
    if (asked?.kind !== 'complaint') return request(to, name, body, options);
    return (async function* () {
      for await (const frame of request(to, name, body, options)) {
        const changed = await change(decodeNotaryAnswer(frame), asked);
        if (changed !== undefined) yield encodeNotaryAnswer(changed);
      }
    })();
  };
}

describe('a buyer that complains falsely', () => {
  it('is convicted by what it signed: the seller has the proof, and deals with it no more', async () => {
    const c = await cast(1);
    c.buyer.settlement.cheat = 'false-complaint';
    await buy(c);
    await untilAsked(c);
    expect(tradeOf(c.seller).state).toBe('completed');
    const [proof, ...more] = await proofsOf(c.seller);
    expect(more).toEqual([]);
    expect(proof).toMatchObject({ kind: 'false-complaint', against: 'buyer', guilty: true });
    // Anybody can judge it, with nothing but its bytes.
    const judge = c.maker.settlement.judge;
    expect(judgeFalseComplaintProof(proof!.bytes, { crypto, judge })).toMatchObject({ guilty: true });
    const decoded = decodeFalseComplaint(proof!.bytes);
    expect(encodeFalseComplaint(decoded)).toEqual(proof!.bytes);
    // It shows what the complaint showed, and nothing else.
    expect(Object.keys(decoded.complaint).sort()).toEqual(
      ['document', 'kind', 'opener', 'proof', 'proposal', 'recipientKey', 'release', 'signature'].sort(),
    );
    // The buyer has nothing against the seller that holds, and nobody has anything to show to a third.
    c.buyer.settlement.cheat = 'none';
    expect(await proofsOf(c.buyer)).toMatchObject([{ against: 'seller', guilty: false }]);

    const refused = async (): Promise<void> => {
      const { length } = c.buyer.market.trades();
      await buy(c, true);
      await world.until(() => c.buyer.market.trades().length > length, 60_000);
      await world.until(() => c.buyer.market.trades().at(-1)?.finished === true, 60_000);
      expect(c.buyer.market.trades().at(-1)?.failure).toMatchObject({ code: 'ERR_TRADE_DECLINED' });
      expect(c.buyer.market.trades().at(-1)?.failure?.reason).toMatch(/fraud/i);
    };
    await refused();
    await world.restart(c.seller);
    await world.environment.advance(60_000);
    expect(await proofsOf(c.seller)).toMatchObject([{ guilty: true, bytes: proof!.bytes }]);
    await refused();
    // Whoever erases the deal forgets the proof, which may show data, and not who lied.
    await c.seller.market.forgetProofs(tradeOf(c.seller, 'completed').id);
    expect(await c.seller.market.tradeProofs(tradeOf(c.seller, 'completed').id)).toEqual([]);
    const kept = (await c.seller.records.entries('')).map(([, value]) => bytesToHex(value)).join(' ');
    expect(kept).not.toContain(bytesToHex(decoded.complaint.signature));
    await refused();
  });

  it('stays convicted, and its proof erased, whenever the deal is erased', async () => {
    // Before the witnesses were asked, while they are asked, and after; and the node starts again after that.
    for (const [seed, wait] of [
      [20, 0],
      [21, 1_500],
      [22, 120_000],
    ] as const) {
      const c = await cast(seed);
      c.buyer.settlement.cheat = 'false-complaint';
      let answers = 0;
      meddling(c.seller, (answer) => {
        answers += 1;
        return answer;
      });
      await buy(c);
      await world.until(() => c.seller.market.trades()[0]?.finished === true, 300_000, 200);
      const { id } = tradeOf(c.seller);
      await world.environment.advance(wait);
      await c.seller.market.forgetProofs(id);
      for (let start = 0; start < 3; start++) {
        expect(await c.seller.market.tradeProofs(id), `wait ${wait}, start ${start}`).toEqual([]);
        await world.environment.advance(120_000);
        if (start > 0) expect(await c.seller.records.entries('market/liar/')).toHaveLength(1);
        const [[, kept] = []] = await c.maker.statements!.entries('notary/unfounded/');
        const { signature } = decodeCanonical(kept!, 100_000, 'kept') as unknown as SignedProof;
        const all = (await c.seller.records.entries('')).map(([, value]) => bytesToHex(value)).join(' ');
        expect(all).not.toContain(bytesToHex(signature));
        await world.restart(c.seller);
      }
      // What is known is not asked for again.
      expect(answers).toBeLessThanOrEqual(2);
      await world.stop();
    }
  });

  it('stays convicted where the record of its lie was damaged: the witness has it still', async () => {
    const c = await cast(31);
    c.buyer.settlement.cheat = 'false-complaint';
    await buy(c);
    await untilAsked(c);
    const [proof] = await proofsOf(c.seller);
    const [[key, kept] = ['', new Uint8Array()]] = (await c.seller.records.entries('market/trade/')).filter(
      ([name]) => name.endsWith('/lie'),
    );
    // A byte of the frame, of the proof, and of the signature.
    for (const at of [0, kept.indexOf(0x58) + 4, kept.length - 40]) {
      await c.seller.records.set(key, kept.with(at, kept[at]! ^ 1));
      const shown = await proofsOf(c.seller).catch(() => []);
      expect(shown.every(({ guilty }) => !guilty)).toBe(true);
      await world.restart(c.seller);
      await world.environment.advance(120_000);
      expect(await proofsOf(c.seller), `byte ${at}`).toMatchObject([{ guilty: true, bytes: proof!.bytes }]);
    }
  });

  it('is known as a liar even if its seller dies before the lie is written down', async () => {
    const c = await cast(23);
    c.buyer.settlement.cheat = 'false-complaint';
    const { records } = c.seller;
    const set = records.set.bind(records);
    Object.assign(records, {
      set: (key: string, value: Uint8Array) =>
        key.endsWith('/lie')
          ? Promise.reject(new EdmpError('ERR_STORE_IO', 'the disk is gone'))
          : set(key, value),
    });
    await buy(c);
    await untilAsked(c);
    expect(await proofsOf(c.seller)).toEqual([]);
    expect(await records.entries('market/liar/')).toHaveLength(1);
    Object.assign(records, { set });
    await world.restart(c.seller);
    await world.environment.advance(120_000);
    expect(await proofsOf(c.seller)).toMatchObject([{ guilty: true }]);
  });

  it('is convicted by the one witness that speaks, however long its accomplices let the seller wait', async () => {
    world = await createWorld(27);
    const makers: Node[] = [];
    for (let i = 0; i < 4; i++) makers.push(await world.node(`witness ${i}`, SHORT, true));
    const witnesses = { keys: makers.flatMap(({ market }) => market.notaryKeys) };
    const trader = { matchmaker: false, witnesses, ...SHORT };
    const seller = await world.node('seller', trader);
    const buyer = await world.node('buyer', trader);
    await world.link(seller, buyer, ...makers);
    const [maker] = makers as [Node];
    const asset = seller.settlement.add(documentOf('goods'));
    await seller.market.sell({
      document: documentOf('goods'),
      price: price('DUM1', 10),
      supply: 5,
      lifetimeMs: DAY,
    });
    await world.environment.advance(300);
    buyer.settlement.cheat = 'false-complaint';
    const { network } = seller as { network: Network };
    const request = network.request.bind(network);
    network.request = (to, name, body, options) => {
      const isAsked = name === NOTARY_PROTOCOL && decodeNotaryRequest(body).kind === 'complaint';
      if (!isAsked || equalBytes(to, maker.key)) return request(to, name, body, options);
      return (async function* () {
        await new Promise(() => undefined);
        yield body;
      })();
    };
    await buy({ seller, buyer, maker, asset });
    await world.until(() => seller.market.trades()[0]?.finished === true, 300_000, 200);
    await world.environment.advance(120_000);
    expect(await proofsOf(seller)).toMatchObject([{ against: 'buyer', guilty: true }]);
  });

  it('is convicted after its witness refused to answer, which says nothing', async () => {
    for (const [seed, answer] of [
      [28, { kind: 'refused', code: 'ERR_NOTARY_UNKNOWN', message: 'not now', proof: null }],
      [29, { kind: 'need', ids: [] }],
      [30, { kind: 'later', ms: 5 }],
    ] as const) {
      const c = await cast(seed);
      c.buyer.settlement.cheat = 'false-complaint';
      let refusals = 3;
      meddling(c.seller, (right) => (refusals-- > 0 ? answer : right));
      await buy(c);
      await untilAsked(c);
      await world.environment.advance(DAY / 4);
      expect(await proofsOf(c.seller), answer.kind).toMatchObject([{ against: 'buyer', guilty: true }]);
      await world.stop();
    }
  });

  it('cannot be convicted by a proof of which a single byte was changed', async () => {
    const c = await cast(2);
    c.buyer.settlement.cheat = 'false-complaint';
    await buy(c);
    await untilAsked(c);
    const bytes = (await proofsOf(c.seller))[0]!.bytes;
    const judge = c.maker.settlement.judge;
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.with(at, bytes[at]! ^ (1 << (at % 8)));
      expect(judgeFalseComplaintProof(changed, { crypto, judge }).guilty, `byte ${at}`).toBe(false);
    }
    for (let length = 0; length < bytes.length; length += 97) {
      expect(judgeFalseComplaintProof(bytes.subarray(0, length), { crypto, judge }).guilty).toBe(false);
    }
  });

  it('is convicted after its seller was down when the deal ended, and only while witnesses keep the complaint', async () => {
    for (const [seed, away, convicted] of [
      [3, DAY / 8, true],
      [4, 7.1 * DAY, false],
    ] as const) {
      const c = await cast(seed);
      c.buyer.settlement.cheat = 'false-complaint';
      await buy(c);
      await world.until(() => c.buyer.market.trades()[0]?.state === 'complaining', 60_000);
      await world.environment.advance(2_000);
      await world.crash(c.seller);
      await world.environment.advance(away);
      await world.restart(c.seller);
      await world.environment.advance(120_000);
      expect((await proofsOf(c.seller)).length, `away ${away}`).toBe(convicted ? 1 : 0);
      if (seed === 3) await world.stop();
    }
  });
});

describe('nobody else is convicted', () => {
  it('not an honest buyer whose complaint was right', async () => {
    const c = await cast(5);
    c.seller.settlement.cheat = 'wrong-key';
    await buy(c);
    await untilAsked(c);
    expect(tradeOf(c.seller).failure?.code).toBe('ERR_TRADE_COMPLAINT');
    expect(await proofsOf(c.seller)).toEqual([]);
    expect(await proofsOf(c.buyer)).toMatchObject([{ against: 'seller', guilty: true }]);
    expect(await c.seller.records.entries('market/liar/')).toEqual([]);
  });

  it('not a buyer that pays and complains about nothing', async () => {
    const c = await cast(6);
    await buy(c);
    await untilAsked(c);
    expect(await proofsOf(c.seller)).toEqual([]);
  });

  it('not a buyer that cannot open its data by its own fault: it accuses nobody, and signs nothing', async () => {
    const c = await cast(24);
    const { settlement, signer } = c.buyer;
    const open = settlement.open.bind(settlement);
    let failing = Number.POSITIVE_INFINITY;
    let signed = 0;
    const sign = signer.sign.bind(signer);
    Object.assign(signer, {
      sign: (message: Uint8Array) => {
        if (Buffer.from(message).includes('edmp/complaint/v1')) signed += 1;
        return sign(message);
      },
    });
    const bad: OpenOutcome = { kind: 'misbehaviour', proof: Uint8Array.of(0, 7), reason: 'a lost bit' };
    Object.assign(settlement, {
      open: async (...args: Parameters<typeof open>) => (failing-- > 0 ? bad : open(...args)),
    });
    await buy(c);
    await untilAsked(c);
    expect(tradeOf(c.buyer)).toMatchObject({
      state: 'lost',
      failure: { code: 'ERR_TRADE_DELIVERY', reason: expect.stringMatching(/may be damaged/) },
    });
    expect(signed).toBe(0);
    expect(await c.maker.statements!.entries('notary/unfounded/')).toEqual([]);
    expect(await c.seller.records.entries('market/liar/')).toEqual([]);
    // A fault that passes costs nothing.
    failing = 1;
    await buy(c, true);
    await world.until(() => c.buyer.market.trades().at(-1)?.finished === true, 300_000, 200);
    expect(c.buyer.market.trades().at(-1)?.state).toBe('completed');
    expect(signed).toBe(0);
  });

  it('not a buyer that was right and whose record of the proof was damaged: it proves it again', async () => {
    for (const [seed, damage] of [
      [25, (bytes: Uint8Array) => bytes.with(1, bytes[1]! ^ 1)],
      [26, () => Uint8Array.of(0)],
    ] as const) {
      const c = await cast(seed);
      c.seller.settlement.cheat = 'wrong-key';
      world.networks.cut(c.buyer.key, c.maker.key);
      await buy(c);
      await world.until(() => c.buyer.market.trades()[0]?.state === 'complaining', 60_000);
      await world.environment.advance(1_000);
      await world.crash(c.buyer);
      const [[key, proof] = ['', new Uint8Array()]] = (await c.buyer.records.entries('market/trade/')).filter(
        ([name]) => name.endsWith('/proof'),
      );
      await c.buyer.records.set(key, damage(proof));
      await world.restart(c.buyer);
      world.networks.heal();
      world.networks.link(c.buyer.key, c.maker.key);
      await world.until(() => c.buyer.market.trades()[0]?.finished === true, 300_000, 200);
      expect(tradeOf(c.buyer)).toMatchObject({ state: 'returned', failure: { code: 'ERR_TRADE_COMPLAINT' } });
      expect(await proofsOf(c.buyer)).toMatchObject([{ against: 'seller', guilty: true }]);
      expect(await c.seller.records.entries('market/liar/')).toEqual([]);
      await world.stop();
    }
  });

  it('not when the witness keeps silent: it is asked again, until it speaks', async () => {
    const c = await cast(7);
    c.buyer.settlement.cheat = 'false-complaint';
    let silent = true;
    meddling(c.seller, (answer) => (silent ? undefined : answer));
    await buy(c);
    await untilAsked(c);
    expect(await proofsOf(c.seller)).toEqual([]);
    expect(await c.seller.records.entries('market/liar/')).toEqual([]);
    silent = false;
    await world.environment.advance(DAY / 2);
    expect(await proofsOf(c.seller)).toMatchObject([{ guilty: true }]);
  });

  it('not when the witness invents a complaint, or alters one', async () => {
    for (const [seed, invent] of [
      [8, () => ({ proof: Uint8Array.of(0, 1, 2), signature: new Uint8Array(64).fill(7) })],
      [9, (proof: Uint8Array, signature: Uint8Array) => ({ proof: proof.with(1, proof[1]! ^ 1), signature })],
      [10, (proof: Uint8Array, signature: Uint8Array) => ({ proof, signature: signature.toReversed() })],
    ] as const) {
      const c = await cast(seed);
      c.buyer.settlement.cheat = 'false-complaint';
      let invented = 0;
      meddling(c.seller, async (answer, { key, recipient, hold }) => {
        if (answer.kind !== 'complaint' || answer.sealed === null) return answer;
        const [[, kept] = []] = await c.maker.statements!.entries('notary/unfounded/');
        const { proof, signature } = decodeCanonical(kept!, 100_000, 'kept') as unknown as SignedProof;
        const binding = keptBinding({ key, seller: c.seller.key, hold: hold.bytes });
        const plain = encodeCanonical(signedProofToTx(invent(proof, signature)));
        invented += 1;
        const { environment } = world;
        return { kind: 'complaint', sealed: sealTo({ crypto, environment }, recipient, binding, plain) };
      });
      await buy(c);
      await untilAsked(c);
      expect(invented).toBeGreaterThan(0);
      expect(await proofsOf(c.seller)).toEqual([]);
      expect(await c.seller.records.entries('market/liar/')).toEqual([]);
      await world.stop();
    }
  });

  it('not where the judge cannot tell', async () => {
    const c = await cast(11);
    c.buyer.settlement.cheat = 'false-complaint';
    await buy(c);
    await untilAsked(c);
    const bytes = (await proofsOf(c.seller))[0]!.bytes;
    const judge = () =>
      ({ guilty: false, kind: 'any', reason: 'of another version', undecided: true }) as const;
    expect(judgeFalseComplaintProof(bytes, { crypto, judge })).toMatchObject({ guilty: false });
  });
});
