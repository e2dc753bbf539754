import type { SeededRandom } from '../../packages/interface/src/index.ts';
import {
  aidon,
  hdlc,
  kaifa,
  kamstrup,
  notification,
  type Told,
} from '../../packages/oehu-client/test/support/han-frames.ts';

const MAKERS = { aidon, kaifa, kamstrup } as const;

/** A frame of a customer port (HAN) with the registers of one winter's hour. */
export function oracleList(random: SeededRandom, maker: keyof typeof MAKERS): Uint8Array {
  // Tens of Wh are what the coarsest of them counts in.
  const counter = (): number => 10 * random.below(400_000_000);
  const wall = [
    2026,
    1 + random.below(2),
    1 + random.below(28),
    random.below(24),
    random.below(60),
    10,
  ] as const;
  const told: Told = {
    time: { wall },
    importWh: counter(),
    exportWh: counter(),
    watts: random.below(20_000),
    isFull: true,
  };
  return hdlc(notification(MAKERS[maker](told), told.time));
}
