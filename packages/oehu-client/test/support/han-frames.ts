import { createCipheriv } from 'node:crypto';
import { crc16X25 } from '../../src/sources/formats/crc16-x25.ts';

/** A value already written in A-XDR. */
export type Written = readonly number[];

const big = (value: bigint, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 255n));

const count = (length: number): number[] => (length < 128 ? [length] : [0x82, length >> 8, length & 255]);

/** Writers of A-XDR values, of our own making and apart from the reader. */
export const axdr = {
  u8: (value: number): Written => [0x11, value],
  u16: (value: number): Written => [0x12, ...big(BigInt(value), 2)],
  u32: (value: number): Written => [0x06, ...big(BigInt(value), 4)],
  i8: (value: number): Written => [0x0f, value & 255],
  enumeration: (value: number): Written => [0x16, value],
  octets: (bytes: readonly number[]): Written => [0x09, ...count(bytes.length), ...bytes],
  octetText: (text: string): Written => axdr.octets([...Buffer.from(text)]),
  text: (text: string): Written => [0x0a, ...count(text.length), ...Buffer.from(text)],
  structure: (...items: readonly Written[]): Written => [0x02, ...count(items.length), ...items.flat()],
  array: (...items: readonly Written[]): Written => [0x01, ...count(items.length), ...items.flat()],
  obis: (...code: readonly number[]): Written => axdr.octets([...code, 255]),
  scale: (scaler: number, unit: number): Written => axdr.structure(axdr.i8(scaler), axdr.enumeration(unit)),
} as const;

/** Year, month, day, hour, minute and second on the wall clock of a meter, then what it tells of its zone. */
export interface MeterTime {
  readonly wall: readonly [number, number, number, number, number, number];
  /** Minutes to UTC; absent when the meter tells none. */
  readonly deviation?: number;
  readonly status?: number;
}

/** The 12 bytes of a DLMS date-time. */
export function clockBytes({
  wall: [year, month, day, hour, minute, second],
  deviation,
  status,
}: MeterTime): number[] {
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const minutes = deviation ?? -0x8000;
  return [
    ...big(BigInt(year), 2),
    month,
    day,
    weekday === 0 ? 7 : weekday,
    hour,
    minute,
    second,
    0xff,
    ...big(BigInt(minutes & 0xffff), 2),
    status ?? 0,
  ];
}

/** A data-notification with a body. `time` is written as the standard says, without a tag. */
export function notification(body: Written, time?: MeterTime): number[] {
  return [0x0f, 0x40, 0, 0, 0, ...(time === undefined ? [0] : [12, ...clockBytes(time)]), ...body];
}

const word = (value: number): number[] => [value & 255, value >> 8];

/** HDLC frames of an APDU, cut into pieces of at most `most` bytes. */
export function hdlc(apdu: readonly number[], most = 2000): Uint8Array {
  const all = [0xe6, 0xe7, 0x00, ...apdu];
  const frames: number[] = [];
  for (let from = 0; from < all.length; from += most) {
    const piece = all.slice(from, from + most);
    const isLast = from + most >= all.length;
    // Format, address of one and of two bytes, control, header check, information, frame check.
    const length = 2 + 1 + 2 + 1 + 2 + piece.length + 2;
    const header = [0xa0 | (isLast ? 0 : 8) | (length >> 8), length & 255, 0x41, 0x08, 0x83, 0x13];
    const checked = [...header, ...word(crc16X25(Uint8Array.from(header))), ...piece];
    frames.push(0x7e, ...checked, ...word(crc16X25(Uint8Array.from(checked))), 0x7e);
  }
  return Uint8Array.from(frames);
}

/** Wired M-Bus frames of an APDU, as Austrian meters send them. */
export function mbus(apdu: readonly number[], most = 240): Uint8Array {
  const frames: number[] = [];
  for (let from = 0, number = 0; from < apdu.length; from += most, number++) {
    const isLast = from + most >= apdu.length;
    const body = [0x53, 0xff, number | (isLast ? 16 : 0), 0x01, 0x67, ...apdu.slice(from, from + most)];
    const sum = body.reduce((total, byte) => (total + byte) & 255, 0);
    frames.push(0x68, body.length, body.length, 0x68, ...body, sum, 0x16);
  }
  return Uint8Array.from(frames);
}

/** General block transfer of an APDU in blocks of `most` bytes. */
export function blocks(apdu: readonly number[], most: number): number[][] {
  const parts: number[][] = [];
  for (let from = 0; from < apdu.length; from += most) parts.push(apdu.slice(from, from + most));
  return parts.map((part, i) => {
    const control = (i === parts.length - 1 ? 0x80 : 0) | 0x40;
    return [0xe0, control, 0, i + 1, 0, 0, ...count(part.length), ...part];
  });
}

/** A general-glo-ciphering APDU by Node's AES-128-GCM, with the tag when there is an authentication key. */
export function ciphered(
  plain: readonly number[],
  {
    key,
    authentication,
    counter = 1,
    suite = 0,
  }: {
    readonly key: string;
    readonly authentication?: string;
    readonly counter?: number;
    readonly suite?: number;
  },
): number[] {
  const title = [...Buffer.from('EDM\x00\x00\x00\x00\x07')];
  const invocation = big(BigInt(counter), 4);
  const security = 0x20 | (authentication === undefined ? 0 : 0x10) | suite;
  const cipher = createCipheriv(
    'aes-128-gcm',
    Buffer.from(key, 'hex'),
    Uint8Array.from([...title, ...invocation]),
    {
      authTagLength: 12,
    },
  );
  if (authentication !== undefined) {
    cipher.setAAD(Uint8Array.from([security, ...Buffer.from(authentication, 'hex')]));
  }
  const sealed = [...cipher.update(Uint8Array.from(plain)), ...cipher.final()];
  const tag = authentication === undefined ? [] : [...cipher.getAuthTag()];
  const body = [security, ...invocation, ...sealed, ...tag];
  return [0xdb, 8, ...title, 0x82, body.length >> 8, body.length & 255, ...body];
}

/** What a list of the tests tells: counters in Wh, power in W. */
export interface Told {
  readonly time: MeterTime;
  readonly importWh: number;
  readonly exportWh: number;
  readonly watts: number;
  /** Whether it is the list with the registers. */
  readonly isFull: boolean;
}

/** Aidon: everything with its code, and its unit where it has one. */
export function aidon({ time, importWh, exportWh, watts, isFull }: Told): Written {
  const value = (code: readonly number[], content: Written, scaler: number, unit: number): Written =>
    axdr.structure(axdr.obis(...code), content, axdr.scale(scaler, unit));
  const text = (code: readonly number[], content: string): Written =>
    axdr.structure(axdr.obis(...code), axdr.text(content));
  return axdr.array(
    text([1, 1, 0, 2, 129], 'AIDON_V0001'),
    text([0, 0, 96, 1, 0], '7359992800000007'),
    text([0, 0, 96, 1, 7], '6525'),
    value([1, 0, 1, 7, 0], axdr.u32(watts), 0, 27),
    value([1, 0, 2, 7, 0], axdr.u32(0), 0, 27),
    value([1, 0, 32, 7, 0], axdr.u16(2301), -1, 35),
    ...(isFull
      ? [
          axdr.structure(axdr.obis(0, 0, 1, 0, 0), axdr.octets(clockBytes(time))),
          value([1, 0, 1, 8, 0], axdr.u32(Math.floor(importWh / 10)), 1, 30),
          value([1, 0, 2, 8, 0], axdr.u32(Math.floor(exportWh / 10)), 1, 30),
          value([1, 0, 3, 8, 0], axdr.u32(12), 1, 32),
        ]
      : []),
  );
}

/** Kaifa of Norway: values alone. */
export function kaifa({ time, importWh, exportWh, watts, isFull }: Told): Written {
  const u32 = (value: number): Written => axdr.u32(value);
  return axdr.structure(
    axdr.octetText('KFM_001'),
    axdr.octetText('6970631400000007'),
    axdr.octetText('MA304H3E'),
    ...[watts, 0, 0, 51, 10_533, 12_269, 4_624, 2_325, 0, 2_345].map(u32),
    ...(isFull ? [axdr.octets(clockBytes(time)), ...[importWh, exportWh, 35, 21].map(u32)] : []),
  );
}

/** Kamstrup: codes and values, units of 10 Wh. */
export function kamstrup({ time, importWh, exportWh, watts, isFull }: Told): Written {
  const value = (code: readonly number[], content: Written): Written[] => [axdr.obis(...code), content];
  return axdr.structure(
    axdr.text('Kamstrup_V0001'),
    ...value([1, 1, 0, 0, 5], axdr.text('5706567000000007')),
    ...value([1, 1, 96, 1, 1], axdr.text('6841121BN243101040')),
    ...value([1, 1, 1, 7, 0], axdr.u32(watts)),
    ...value([1, 1, 2, 7, 0], axdr.u32(0)),
    ...value([1, 1, 31, 7, 0], axdr.u32(564)),
    ...value([1, 1, 32, 7, 0], axdr.u16(232)),
    ...(isFull
      ? [
          ...value([0, 1, 1, 0, 0], axdr.octets(clockBytes(time))),
          ...value([1, 1, 1, 8, 0], axdr.u32(Math.floor(importWh / 10))),
          ...value([1, 1, 2, 8, 0], axdr.u32(Math.floor(exportWh / 10))),
        ]
      : []),
  );
}

/** A list of Austria: the time, then code, value and unit. */
export function austrian({ time, importWh, exportWh, watts }: Told): Written {
  const value = (code: readonly number[], content: Written, unit: number): Written[] => [
    axdr.obis(...code),
    content,
    axdr.scale(0, unit),
  ];
  return axdr.structure(
    axdr.octets(clockBytes(time)),
    ...value([1, 0, 1, 8, 0], axdr.u32(importWh), 30),
    ...value([1, 0, 2, 8, 0], axdr.u32(exportWh), 30),
    ...value([1, 0, 1, 7, 0], axdr.u32(watts), 27),
    ...value([1, 0, 2, 7, 0], axdr.u32(0), 27),
    axdr.obis(0, 0, 96, 1, 0),
    axdr.octetText('181220000007'),
  );
}
