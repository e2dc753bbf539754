import { MeterError } from '../../../errors.ts';

/** One value of SML's type-length-value encoding (BSI TR-03109-1, annex IV). */
export type SmlValue = Uint8Array | bigint | boolean | null | readonly SmlValue[];

const MAX_DEPTH = 16;

/** Where reading went on to. */
interface Cursor {
  position: number;
}

/** Reads one value at the cursor. `undefined` is the end-of-message mark. Throws `ERR_METER_FORMAT`. */
export function readSmlValue(bytes: Uint8Array, cursor: Cursor, depth = 0): SmlValue | undefined {
  const malformed = (what: string): MeterError =>
    new MeterError('ERR_METER_FORMAT', `Expected SML, found ${what} at byte ${cursor.position}`);
  if (depth > MAX_DEPTH) throw malformed('lists nested too deep');
  const first = bytes[cursor.position];
  if (first === undefined) throw malformed('the end of the data');
  if (first === 0) {
    cursor.position++;
    return undefined;
  }
  const type = (first >> 4) & 7;
  let length = first & 15;
  let header = 1;
  for (let byte = first; (byte & 0x80) !== 0; header++) {
    byte = bytes[cursor.position + header] ?? 0;
    length = length * 16 + (byte & 15);
    if (header > 4) throw malformed('an absurd length');
  }
  cursor.position += header;
  if (type === 7) {
    if (length > bytes.length) throw malformed('a list longer than the data');
    const list: SmlValue[] = [];
    for (let i = 0; i < length; i++) list.push(readSmlValue(bytes, cursor, depth + 1) ?? null);
    return list;
  }
  const size = length - header;
  if (size < 0 || cursor.position + size > bytes.length) throw malformed('a value longer than the data');
  const data = bytes.slice(cursor.position, cursor.position + size);
  cursor.position += size;
  if (type === 0) return size === 0 ? null : data;
  if (type === 4) return data[0] !== 0;
  if (type !== 5 && type !== 6) throw malformed(`an unknown type ${type}`);
  if (size === 0 || size > 8) throw malformed(`an integer of ${size} bytes`);
  let value = 0n;
  for (const byte of data) value = (value << 8n) | BigInt(byte);
  return type === 5 ? BigInt.asIntN(8 * size, value) : value;
}
