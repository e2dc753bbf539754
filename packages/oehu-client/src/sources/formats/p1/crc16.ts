/** Table of CRC-16/ARC: polynomial 0xA001 (reflected 0x8005), start 0, no final XOR. */
const TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
  return value;
});

/** CRC-16/ARC of a stretch of bytes, as DSMR P1 telegrams carry it over everything from `/` to `!` inclusive. */
export function crc16Arc(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
  return crc;
}
