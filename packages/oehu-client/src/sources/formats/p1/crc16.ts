/**
 * Tables of CRC-16/ARC (polynomial 0xA001, that is 0x8005 reflected): the first for a byte that is followed by none, the
 * others for one that is followed by one, two and three more, so that four bytes are taken at once.
 */
const TABLES = /* @__PURE__ */ makeTables();

function makeTables(): Uint16Array {
  const tables = new Uint16Array(4 * 256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
    tables[index] = value;
  }
  for (let index = 256; index < tables.length; index++) {
    const value = tables[index - 256] ?? 0;
    tables[index] = (value >>> 8) ^ (tables[value & 255] ?? 0);
  }
  return tables;
}

/** CRC-16/ARC of a stretch of bytes, as DSMR P1 telegrams carry it over everything from `/` to `!` inclusive. */
export function crc16Arc(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    crc =
      (TABLES[768 + ((crc ^ (bytes[i] ?? 0)) & 255)] ?? 0) ^
      (TABLES[512 + (((crc >>> 8) ^ (bytes[i + 1] ?? 0)) & 255)] ?? 0) ^
      (TABLES[256 + (bytes[i + 2] ?? 0)] ?? 0) ^
      (TABLES[bytes[i + 3] ?? 0] ?? 0);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (TABLES[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
  return crc;
}
