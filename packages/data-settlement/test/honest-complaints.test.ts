/** A seller that cheats somehow and a buyer that says so: nothing that is made of what it signed convicts it (DESIGN §5.3). */

import { judgeFalseComplaint } from '@edmp/data-settlement/proof';
import { equalBytes, isEdmpError, type JudgedTrade, type SeededRandom, seededRandom } from '@edmp/interface';
import { complaintMessage } from '@edmp/interface/dataset';
import { describe, expect, it } from 'vitest';
import { signerOf } from './support/blocks.ts';
import { type Cheats, type Crafted, craft } from './support/cheat.ts';
import { quarterHours, type Series } from './support/fixtures.ts';
import { judged, parties } from './support/parties.ts';

/** A slice; `EDMP_COMPLAINTS=100000` for all that the issue asks for. */
const COMPLAINTS = Number(process.env.EDMP_COMPLAINTS ?? 1_000);
const buyer = signerOf(2);

/** Wrong releases of one delivery: sealing it is half of the work, and each of them is complained about by itself. */
const RELEASES = 4;

const turned = (random: SeededRandom, bytes: Uint8Array): Uint8Array => {
  const at = random.below(bytes.length);
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
};

/** One of the ways in which a seller can depart from the protocol, somewhere at random; none: it only releases wrongly. */
function cheat(random: SeededRandom): Cheats | undefined {
  const once =
    (change: (bytes: Uint8Array) => Uint8Array) =>
    (index: number, bytes: Uint8Array): Uint8Array =>
      index === 0 ? change(bytes) : bytes;
  const somewhere = once((bytes) => turned(random, bytes));
  switch (random.below(7)) {
    case 0:
      return undefined;
    case 1:
      return { releasedKey: (key) => turned(random, key) };
    case 2:
      return { commitment: somewhere };
    case 3:
      return { ciphertext: somewhere };
    case 4:
      return { sealed: somewhere };
    case 5:
      return { committed: (index, chunk) => (index === 0 ? chunk.with(10, 7 + random.below(200)) : chunk) };
    default:
      return { gaps: 3 + random.below(9) };
  }
}

const days = Array.from({ length: 50 }, (_, seed) => quarterHours({ days: 2, seed }));

describe('a buyer that is right', () => {
  it(`is convicted by nothing (${COMPLAINTS} complaints)`, { timeout: 3_600_000 }, async () => {
    const random = seededRandom(31);
    const kinds = new Map<string, number>();
    const series = (): Series => days[random.below(days.length)]!;
    let all = parties(1);
    let honest = await craft(all, all.buyer.content, series());
    let before: { readonly facts: JudgedTrade; readonly proof: Uint8Array } | undefined;
    let made = 0;
    /** Opens one release, complains, and lets nobody make anything of that. */
    const complain = async (crafted: Crafted, wrappedKey: Uint8Array): Promise<void> => {
      const { trade, document, delivery } = crafted;
      const outcome = await all.buyer.settlement.open(trade, document, delivery, wrappedKey);
      // E.g. the part of a wrapped key that decapsulation ignores.
      if (outcome.kind === 'opened') return;
      const { proof } = outcome;
      const facts: JudgedTrade = { ...judged(crafted, wrappedKey), buyer: buyer.publicKey };
      const signature = await buyer.sign(complaintMessage(all.crypto, facts, proof));
      const judge = (changes: Partial<JudgedTrade>, shown = proof, under = signature) =>
        judgeFalseComplaint(
          { crypto: all.crypto },
          { trade: { ...facts, ...changes }, signature: under, proof: shown },
        );
      const verdict = judge({});
      if (verdict.guilty || !/^the complaint is right/.test(verdict.reason)) {
        throw new Error(`complaint ${made}: ${verdict.reason}`);
      }
      // What a seller might show instead: a key that is right, facts or a proof of another deal, a signature that it made.
      const other = before ?? { facts: judged(honest, honest.wrappedKey), proof };
      const bytes = random.bytes(32);
      const frames = [
        () => judge({ wrappedKey: honest.wrappedKey }),
        () => judge({ wrappedKey: crafted.wrappedKey.with(0, crafted.wrappedKey[0]! ^ 255) }),
        () => judge({ wrappedKey: other.facts.wrappedKey, settlementRoot: other.facts.settlementRoot }),
        () => judge({ document: honest.document, asset: honest.trade.asset }),
        () => judge({ recipientKey: other.facts.recipientKey }),
        () => judge({ suite: 'x25519' }),
        () => judge({ [random.below(2) === 0 ? 'tradeId' : 'settlementRoot']: bytes }),
        () => judge({}, equalBytes(other.proof, proof) ? bytes : other.proof),
        () => judge({}, proof.subarray(0, random.below(proof.length))),
        () => judge({}, proof, signature.with(random.below(64), random.below(256))),
        () => judge({ ...other.facts, buyer: buyer.publicKey }, other.proof),
      ];
      for (let tried = 0; tried < 4; tried++) {
        const framed = frames[random.below(frames.length)]?.();
        if (framed?.guilty !== false) throw new Error(`complaint ${made} convicted: ${framed?.reason}`);
      }
      before = { facts, proof };
      const kind = /key/.test(outcome.reason) ? 'key' : 'data';
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      made++;
    };
    for (let crafts = 0; made < COMPLAINTS; crafts++) {
      if (crafts % 300 === 299) {
        all = parties(1 + crafts);
        honest = await craft(all, all.buyer.content, series());
      }
      const cheats = cheat(random);
      const crafted = await craft(all, all.buyer.content, series(), cheats);
      const { trade, document, delivery, wrappedKey } = crafted;
      try {
        await all.buyer.settlement.receive(trade, document, delivery);
      } catch (error) {
        // Refused before anything was paid: there is nothing to complain about.
        if (isEdmpError(error, 'ERR_SETTLEMENT_DELIVERY')) continue;
        throw error;
      }
      if (cheats !== undefined) await complain(crafted, wrappedKey);
      else for (let i = 0; i < RELEASES; i++) await complain(crafted, turned(random, wrappedKey));
    }
    for (const kind of ['key', 'data']) expect(kinds.get(kind) ?? 0).toBeGreaterThan(COMPLAINTS / 10);
  });
});
