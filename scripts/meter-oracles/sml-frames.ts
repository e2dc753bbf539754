import type { SeededRandom } from '../../packages/interface/src/index.ts';
import { crc16X25 } from '../../packages/oehu-client/src/sources/formats/crc16-x25.ts';

/** A value of SML's type-length-value encoding, already written. */
type Written = readonly number[];

const list = (...items: readonly Written[]): Written => [0x70 | items.length, ...items.flat()];
const octets = (...bytes: readonly number[]): Written => [bytes.length + 1, ...bytes];
const absent: Written = [0x01];

function integer(value: bigint, size: number, type: 5 | 6): Written {
  const bytes = Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 255n));
  return [(type << 4) | (size + 1), ...bytes];
}
const unsigned = (value: number, size: number): Written => integer(BigInt(value), size, 6);

/** A message with the CRC over everything before it. */
function message(number: number, code: number, content: Written): Written {
  const open = [
    0x76,
    ...octets(1, number),
    ...unsigned(0, 1),
    ...unsigned(0, 1),
    ...list(unsigned(code, 2), content),
  ];
  const crc = crc16X25(Uint8Array.from(open));
  return [...open, 0x63, crc & 255, crc >> 8, 0x00];
}

/** A frame of the optical interface with the registers of one moment, its values written in every width there is. */
export function oracleFrame(random: SeededRandom, seconds: number): Uint8Array {
  const server = octets(0x0a, 0x01, 0x45, 0x44, 0x4d, 0, 0, 0, 0, 7);
  const register = (c: number, tariff: number): Written => {
    const size = 1 + random.below(8);
    const type = random.below(2) === 0 ? 5 : 6;
    const bits = Math.min(8 * size - (type === 5 ? 1 : 0), 40);
    const value = BigInt(Math.floor(random.unit() * 2 ** bits));
    const scaler = integer(BigInt(random.below(4) - 3), 1, 5);
    return list(
      octets(1, 0, c, 8, tariff, 255),
      absent,
      absent,
      unsigned(30, 1),
      scaler,
      integer(value, size, type),
      absent,
    );
  };
  const power = list(
    octets(1, 0, 16, 7, 0, 255),
    absent,
    absent,
    unsigned(27, 1),
    absent,
    integer(BigInt(random.below(2000) - 1000), 4, 5),
    absent,
  );
  const entries = [register(1, 0), register(2, 0), register(1, 1), register(1, 2), power];
  const time = list(unsigned(1, 1), unsigned(seconds, 4));
  const messages = [
    ...message(1, 0x101, list(absent, absent, octets(1, 2), server, absent, absent)),
    ...message(
      2,
      0x701,
      list(absent, server, octets(1, 0, 98, 10, 255, 255), time, list(...entries), absent, absent),
    ),
    ...message(3, 0x201, list(absent)),
  ];
  const fill = (4 - (messages.length % 4)) % 4;
  const begin = [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1];
  const body = [...begin, ...messages, ...Array<number>(fill).fill(0), 0x1b, 0x1b, 0x1b, 0x1b, 0x1a, fill];
  const crc = crc16X25(Uint8Array.from(body));
  return Uint8Array.from([...body, crc & 255, crc >> 8]);
}
