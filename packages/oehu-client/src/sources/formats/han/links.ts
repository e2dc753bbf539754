import { crc16X25 } from '../crc16-x25.ts';

/** A piece of a message as one of the link layers carries it. */
export interface LinkPiece {
  readonly data: Uint8Array;
  /** Whether it begins a message; a piece in the middle of one does not. */
  readonly isFirst: boolean;
  /** Whether it ends a message. */
  readonly isLast: boolean;
}

/** What stands at the head of the bytes: a whole frame, the beginning of one, or nothing that can be one. */
export type LinkFound =
  | { readonly kind: 'piece'; readonly length: number; readonly piece: LinkPiece }
  | { readonly kind: 'damaged'; readonly length: number; readonly message: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'none' };

const NONE: LinkFound = { kind: 'none' };
const OPEN: LinkFound = { kind: 'open' };
const FLAG = 0x7e;
const MBUS_START = 0x68;
const MBUS_END = 0x16;
/** Tag of a general-glo-ciphering APDU. */
export const GLO_CIPHERED = 0xdb;
/** Longest ciphered APDU without a link layer: the telegrams of Luxembourg have about 1 kB. */
const MAX_BARE_BYTES = 8192;

/** What begins at `at`: an HDLC frame, an M-Bus frame or a ciphered APDU without a link layer. */
export function linkAt(bytes: Uint8Array, at: number): LinkFound {
  switch (bytes[at]) {
    case FLAG:
      return hdlcAt(bytes, at);
    case MBUS_START:
      return mbusAt(bytes, at);
    case GLO_CIPHERED:
      return bareAt(bytes, at);
    default:
      return NONE;
  }
}

/**
 * An HDLC frame of type 3 (ISO/IEC 13239, IEC 62056-46): flag, format with length and segmentation bit, addresses,
 * control, header check, information, frame check, flag.
 */
function hdlcAt(bytes: Uint8Array, at: number): LinkFound {
  const [first, second] = [bytes[at + 1], bytes[at + 2]];
  if (first === undefined) return OPEN;
  if ((first & 0xf0) !== 0xa0) return NONE;
  if (second === undefined) return OPEN;
  const length = ((first & 7) << 8) | second;
  // Format, two addresses, control and one check.
  if (length < 7) return NONE;
  if (at + length + 1 >= bytes.length) return OPEN;
  if (bytes[at + length + 1] !== FLAG)
    return { kind: 'damaged', length: 1, message: 'A frame does not end with its flag' };
  const told = (index: number): number => (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8);
  const end = at + length - 1;
  if (crc16X25(bytes, at + 1, end) !== told(end)) {
    return {
      kind: 'damaged',
      length: length + 1,
      message: 'The frame check does not fit: the frame was damaged',
    };
  }
  let header = at + 3;
  for (let address = 0; address < 2; address++) {
    const begin = header;
    // The last byte of an address is odd.
    while (header < end && ((bytes[header] ?? 1) & 1) === 0 && header - begin < 4) header++;
    header++;
  }
  header++;
  const none = { kind: 'damaged', length: length + 1, message: 'The frame holds no information' } as const;
  if (header + 2 >= end) return none;
  if (crc16X25(bytes, at + 1, header) !== told(header)) {
    return {
      kind: 'damaged',
      length: length + 1,
      message: 'The header check does not fit: the frame was damaged',
    };
  }
  let from = header + 2;
  // IEC 62056-46 annex: the LLC header stands before the first segment only.
  const isFirst = bytes[from] === 0xe6 && (bytes[from + 1] === 0xe7 || bytes[from + 1] === 0xe6);
  if (isFirst) from += 3;
  if (from >= end) return none;
  const isLast = (first & 8) === 0;
  // The closing flag may open the next frame.
  return { kind: 'piece', length: length + 1, piece: { data: bytes.slice(from, end), isFirst, isLast } };
}

/** A long frame of wired M-Bus (EN 13757-2) with a DLMS segment (EN 13757-1): number and last-mark in the CI field. */
function mbusAt(bytes: Uint8Array, at: number): LinkFound {
  const size = bytes[at + 1];
  if (size === undefined) return OPEN;
  const [again, start] = [bytes[at + 2], bytes[at + 3]];
  if ((again !== undefined && again !== size) || (start !== undefined && start !== MBUS_START)) return NONE;
  // C, A, CI, two transport addresses, and something.
  if (size < 6) return NONE;
  if (at + size + 6 > bytes.length) return OPEN;
  if (bytes[at + size + 5] !== MBUS_END) return NONE;
  let sum = 0;
  for (let i = at + 4; i < at + 4 + size; i++) sum = (sum + (bytes[i] ?? 0)) & 255;
  if (sum !== bytes[at + size + 4]) {
    return { kind: 'damaged', length: size + 6, message: 'The checksum does not fit: the frame was damaged' };
  }
  const control = bytes[at + 6] ?? 0;
  // CI 00 to 1F: a DLMS segment.
  if (control > 0x1f) return { kind: 'damaged', length: size + 6, message: 'The M-Bus frame holds no DLMS' };
  const piece = {
    data: bytes.slice(at + 9, at + size + 4),
    isFirst: (control & 15) === 0,
    isLast: (control & 16) !== 0,
  };
  return { kind: 'piece', length: size + 6, piece };
}

/** A ciphered APDU that stands alone, as the customer port of Luxembourg sends it: `DB`, system title, length. */
function bareAt(bytes: Uint8Array, at: number): LinkFound {
  if (at + 13 > bytes.length) return bytes[at + 1] === undefined || bytes[at + 1] === 8 ? OPEN : NONE;
  if (bytes[at + 1] !== 8) return NONE;
  const form = bytes[at + 10] ?? 0;
  const more = form === 0x81 ? 1 : form === 0x82 ? 2 : form < 0x80 ? 0 : -1;
  if (more < 0) return NONE;
  const size =
    more === 0
      ? form
      : more === 1
        ? (bytes[at + 11] ?? 0)
        : ((bytes[at + 11] ?? 0) << 8) | (bytes[at + 12] ?? 0);
  const length = 11 + more + size;
  if (size < 6 || length > MAX_BARE_BYTES) return NONE;
  const security = bytes[at + 11 + more] ?? 0;
  // Encrypted, suite 0 or 1: what else comes is a byte that only looks like the tag.
  if ((security & 0x20) === 0 || (security & 15) > 1) return NONE;
  if (at + length > bytes.length) return OPEN;
  return {
    kind: 'piece',
    length,
    piece: { data: bytes.slice(at, at + length), isFirst: true, isLast: true },
  };
}
