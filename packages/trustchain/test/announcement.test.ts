/** Answers are announced with what they answer, so that nobody can drown what was shown to its victims. */

import { type HalfBlock, isEdmpError } from '@edmp/interface';
import { HEADS_TOPIC } from '@edmp/trustchain/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement } from '../src/protocol/gossip/announcement.ts';
import { HEADS_BURST, MAX_HEAD_BYTES } from '../src/protocol/gossip/head-bounds.ts';
import { encodeBlocks } from '../src/protocol/messages.ts';
import { after, agreementTo, blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

const cheat = signerOf(99);

/** Nodes in a line, and a network of the cheat that is linked to all of them. */
async function line(size: number) {
  const made = await town({ size, linked: false });
  current = made;
  for (let n = 1; n < size; n++) made.networks.link(made.at(n - 1).chain.self, made.at(n).chain.self);
  const network = made.networks.create({ self: cheat.publicKey });
  await made.run(network.start());
  for (const { chain } of made.nodes) made.networks.link(cheat.publicKey, chain.self);
  await made.pass();
  return { made, network };
}

/** More heads of a chain far above than anybody relays, and again before they are forgiven. */
async function noise(): Promise<readonly HalfBlock[]> {
  const first = await blockOf(cheat, { seq: 1_000, prev: (await blockOf(signerOf(98))).id });
  const heads = [first];
  for (let n = 1; n < 5 * HEADS_BURST; n++) heads.push(await after(cheat, itemAt(heads, -1), { tx: n }));
  return heads;
}

describe('an announced answer', () => {
  it('brings the branch that was answered past everybody who hears nothing more of a cheat', async () => {
    const { made, network } = await line(7);
    for (const head of await noise()) await network.publish(HEADS_TOPIC, head.bytes);
    await made.pass(100);
    const ends = [made.at(0), made.at(6)];
    for (const { chain } of ends) {
      const branch = await blockOf(cheat, { peer: chain.self, tx: `for ${chain.self.join()}` });
      await chain.receive(branch.bytes);
      await made.run(chain.agree(branch.id));
    }
    await made.pass(1_500);
    for (const { chain } of made.nodes) expect(await chain.isFraudulent(cheat.publicKey)).toBe(true);
  });

  it('is heard with its proposal although somebody spread it without before', async () => {
    const { made, network } = await line(4);
    for (const head of await noise()) await network.publish(HEADS_TOPIC, head.bytes);
    await made.pass(100);
    const victim = signerOf(50);
    const proposal = await blockOf(cheat, { peer: victim.publicKey });
    const answer = await agreementTo(victim, proposal);
    await network.publish(HEADS_TOPIC, answer.bytes);
    await made.pass(100);
    expect(await made.at(3).store.has(answer.id)).toBe(true);
    expect(await made.at(3).store.has(proposal.id)).toBe(false);
    await network.publish(HEADS_TOPIC, encodeAnnouncement(answer, proposal));
    await made.pass(100);
    expect(await made.at(3).store.has(proposal.id)).toBe(true);
  });

  it('is not kept back by what somebody spreads again of its author’s past', async () => {
    const { made, network } = await line(4);
    const victim = signerOf(50);
    const past: HalfBlock[] = [];
    const proposals: HalfBlock[] = [];
    for (let n = 0; n < 3 * HEADS_BURST; n++) {
      const proposal = await blockOf(signerOf(3_000 + n), { peer: victim.publicKey });
      const parts = { seq: n + 1, prev: past.at(-1)?.id ?? null };
      past.push(await agreementTo(victim, proposal, parts));
      proposals.push(proposal);
    }
    const head = itemAt(past, -1);
    await network.publish(HEADS_TOPIC, head.bytes);
    await made.pass(10_000);
    for (const [n, answer] of past.slice(0, -1).entries()) {
      await network.publish(HEADS_TOPIC, encodeAnnouncement(answer, proposals[n]));
    }
    const proposal = await blockOf(cheat, { peer: victim.publicKey });
    const answer = await agreementTo(victim, proposal, { seq: head.core.seq + 1, prev: head.id });
    await network.publish(HEADS_TOPIC, encodeAnnouncement(answer, proposal));
    await made.pass(100);
    expect(await made.at(3).store.has(proposal.id)).toBe(true);
  });

  it('may be too large for a head, as what it answers may', async () => {
    const { made } = await line(3);
    const { chain } = made.at(0);
    const branch = await blockOf(cheat, { peer: chain.self, tx: new Uint8Array(4 * MAX_HEAD_BYTES) });
    await chain.receive(branch.bytes);
    await made.run(chain.agree(branch.id));
    await made.pass(1_500);
    expect(await made.at(2).store.has(branch.id)).toBe(true);
  });

  it('that is wrongly signed stores nothing of what it says to answer', async () => {
    const { made, network } = await line(2);
    const proposal = await blockOf(cheat, { peer: signerOf(50).publicKey });
    const { bytes } = await agreementTo(signerOf(50), proposal);
    const forged = bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
    await network.publish(HEADS_TOPIC, encodeBlocks([{ bytes: forged }, proposal]));
    await made.pass(100);
    expect(await made.at(0).store.count(cheat.publicKey)).toBe(0);
  });

  it('lets one author store no more than its bytes, whoever made what it answers', async () => {
    const { made, network } = await line(2);
    const witness = signerOf(51);
    let last: HalfBlock | undefined;
    for (let n = 0; n < 12; n++) {
      const proposal = await blockOf(signerOf(2_000 + n), {
        peer: witness.publicKey,
        tx: new Uint8Array(50_000),
      });
      last = await agreementTo(witness, proposal, {
        seq: n + 1,
        prev: last?.id ?? null,
        tx: 'agreed',
      });
      await network.publish(HEADS_TOPIC, encodeAnnouncement(last, proposal));
    }
    await made.pass(1_000);
    expect(await made.at(0).store.count()).toBeLessThan(10);
  });
});

describe('answers that were given while a network was in halves', () => {
  it('tell both halves of both branches, although one is behind a gap for all but its victim', async () => {
    const made = await town({ size: 6, linked: false });
    current = made;
    const link = (a: number, b: number): void =>
      made.networks.link(made.at(a).chain.self, made.at(b).chain.self);
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [3, 4],
      [4, 5],
    ] as const)
      link(a, b);
    await made.pass();
    const [first] = await chainOf(cheat, 1);
    if (first === undefined) throw new Error('a block');
    const near = await after(cheat, first, { peer: made.at(0).chain.self });
    const far = [first];
    for (let n = 0; n < 3; n++)
      far.push(await after(cheat, itemAt(far, -1), { tx: n, peer: made.at(5).chain.self }));
    for (const [node, blocks] of [
      [made.at(0), [first, near]],
      [made.at(5), far],
    ] as const) {
      for (const block of blocks) await node.store.put([block]);
      const last = itemAt(blocks, -1);
      await node.chain.receive(last.bytes);
      await made.run(node.chain.agree(last.id));
    }
    await made.pass(5_000);
    expect(await made.at(4).store.has(itemAt(far, 1).id), 'behind the gap').toBe(false);
    link(2, 3);
    await made.pass(5_000);
    for (const { chain } of made.nodes) expect(await chain.isFraudulent(cheat.publicKey)).toBe(true);
  });
});

describe('the bytes of an announcement', () => {
  it('say what was announced', async () => {
    const proposal = await blockOf(cheat);
    const answer = await agreementTo(signerOf(50), proposal);
    const alone = decodeAnnouncement(encodeAnnouncement(answer), crypto);
    expect(alone.block.id.equals(answer.id)).toBe(true);
    expect(alone.answered).toBeUndefined();
    const both = decodeAnnouncement(encodeAnnouncement(answer, proposal), crypto);
    expect(both.block.id.equals(answer.id)).toBe(true);
    expect(both.answered?.id.equals(proposal.id)).toBe(true);
  });

  it('are refused when the second block is not what the first one answers, or there are more', async () => {
    const [proposal, other] = await chainOf(cheat, 2);
    if (proposal === undefined || other === undefined) throw new Error('two blocks');
    const answer = await agreementTo(signerOf(50), proposal);
    for (const blocks of [[answer, other], [proposal, other], [answer], [answer, proposal, other]]) {
      expect(() => decodeAnnouncement(encodeBlocks(blocks), crypto)).toThrow(
        expect.objectContaining({ code: 'ERR_CHAIN_PROTOCOL' }),
      );
    }
  });

  it('of any kind are read or refused with a code', () => {
    const pairLike = fc
      .tuple(fc.constantFrom(0x40, 0x58, 0x59, 0x5f, 0xa0, 0xa9), fc.uint8Array({ maxLength: 200 }))
      .map(([head, rest]) => Uint8Array.of(0x82, head, ...rest));
    fc.assert(
      fc.property(fc.oneof(pairLike, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          decodeAnnouncement(bytes, crypto);
        } catch (error) {
          expect(isEdmpError(error) && error.code).toMatch(/^ERR_(BLOCK_|CHAIN_PROTOCOL$)/);
        }
      }),
    );
  });
});
