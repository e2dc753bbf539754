/** Data at the edges of its format, delivered rightly and wrongly: who is right is never convicted, who is wrong always. */

import { judgeFalseComplaint } from '@edmp/data-settlement/proof';
import { Quality, seededRandom } from '@edmp/interface';
import { complaintMessage, STEP_MINUTES, toldGaps } from '@edmp/interface/dataset';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { signerOf } from './support/blocks.ts';
import { type Cheats, craft } from './support/cheat.ts';
import { descriptorOf, type Series } from './support/fixtures.ts';
import { judged, parties } from './support/parties.ts';

type Step = Series['descriptor']['step'];
type Fill = 'zero' | 'largest' | 'gaps' | 'mixed';

const LARGEST: Readonly<Record<number, number>> = { 4: 2 ** 28 - 1, 5: 2 ** 36 - 1, 6: 2 ** 44 - 1 };
const WIDTH = { PT1M: 4, PT5M: 4, PT15M: 5, PT30M: 5, PT1H: 5, P1D: 6 } as const;

/** `count` intervals from local midnight, in days without a clock change as far as they reach. */
function series(step: Step, count: number, fill: Fill): Series {
  const random = seededRandom(count);
  const largest = LARGEST[WIDTH[step]] ?? 0;
  const values = Array.from({ length: count }, (_, i): number | null => {
    if (fill === 'gaps') return null;
    if (fill === 'zero') return 0;
    if (fill === 'largest') return largest;
    return i % 7 === 3 ? null : random.below(2 ** 28);
  });
  const gaps = values.filter((value) => value === null).length;
  const days = Math.ceil((count * (STEP_MINUTES[step] ?? 1_440)) / 1_440);
  return {
    descriptor: descriptorOf({
      step,
      count,
      gaps: toldGaps(count, gaps),
      zone: 'UTC',
      from: '2026-01-01',
      to: new Date(Date.UTC(2026, 0, days)).toISOString().slice(0, 10),
      verified: 0,
      attestation: 'unsigned',
    }),
    consumption: {
      values,
      quality: Uint8Array.from(values, (value) => (value === null ? Quality.missing : Quality.measured)),
      offsetMinutes: 0,
    },
  };
}

/** One interval, one chunk full to the brim, one interval more, and one less than two chunks. */
const sizes: readonly (readonly [Step, number])[] = [
  ['PT1H', 24],
  ['P1D', 1],
  ['P1D', 2_666],
  ['P1D', 2_667],
  ['PT15M', 96],
  ['PT15M', 3_200],
  ['PT15M', 3_201],
  ['PT15M', 6_399],
  ['PT1M', 4_000],
  ['PT1M', 4_001],
];
const fills: readonly Fill[] = ['zero', 'largest', 'gaps', 'mixed'];
const cases = sizes.flatMap(([step, count]) => fills.map((fill) => [step, count, fill] as const));

const turn = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes.at(at) ?? 0) ^ 1);

/** Ways to cheat in the last chunk of `count`, which may be a short one. */
const cheatsIn = (count: number): readonly Cheats[] => {
  const last =
    (change: (bytes: Uint8Array) => Uint8Array) =>
    (index: number, bytes: Uint8Array): Uint8Array =>
      index === count - 1 ? change(bytes) : bytes;
  return [
    { ciphertext: last((bytes) => turn(bytes, -1)) },
    { sealed: last((bytes) => turn(bytes, -1)) },
    { commitment: last((bytes) => turn(bytes, 0)) },
    // A quality code that does not exist, a value where there is none, another count, other gaps before it.
    { committed: last((bytes) => bytes.with(11, 0x70)) },
    { committed: last((bytes) => turn(bytes.with(11, 0xd0), -1)) },
    { committed: last((bytes) => turn(bytes, 4)) },
    { committed: last((bytes) => turn(bytes, 5)) },
    { committed: last((bytes) => turn(bytes, 0)) },
  ];
};

const buyer = signerOf(2);

describe('data at the edges', { timeout: bounds.journey }, () => {
  it.each(cases)('of %s, %i intervals, %s', async (step, count, fill) => {
    const all = parties(count);
    const data = series(step, count, fill);
    const honest = await craft(all, all.buyer.content, data);
    const lie = async (facts: Parameters<typeof complaintMessage>[1], proof: Uint8Array) => {
      const trade = { ...facts, buyer: buyer.publicKey };
      const signature = await buyer.sign(complaintMessage(all.crypto, trade, proof));
      return judgeFalseComplaint({ crypto: all.crypto }, { trade, signature, proof });
    };
    await all.buyer.settlement.receive(honest.trade, honest.document, honest.delivery);
    const { settlement } = all.buyer;
    const right = await settlement.open(honest.trade, honest.document, honest.delivery, honest.wrappedKey);
    if (right.kind !== 'opened') throw new Error(right.reason);
    expect(right.consumption.values).toEqual(data.consumption.values);
    let caught = 0;
    for (const cheats of cheatsIn(honest.document.chunks)) {
      const crafted = await craft(all, all.buyer.content, data, cheats);
      const { trade, document, delivery, wrappedKey } = crafted;
      await settlement.receive(trade, document, delivery);
      const outcome = await settlement.open(trade, document, delivery, wrappedKey);
      if (outcome.kind === 'opened') continue;
      caught += 1;
      const facts = judged(crafted, wrappedKey);
      expect(settlement.judge(facts, outcome.proof), outcome.reason).toMatchObject({ guilty: true });
      expect((await lie(facts, outcome.proof)).guilty).toBe(false);
      // Said of the seller that delivered rightly it convicts whoever says so.
      const about = judged(honest, honest.wrappedKey);
      expect(settlement.judge(about, outcome.proof).guilty).toBe(false);
      expect((await lie(about, outcome.proof)).guilty).toBe(true);
    }
    expect(caught).toBeGreaterThanOrEqual(7);
  });
});
