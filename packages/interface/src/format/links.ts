import { CID } from 'multiformats/cid';

const TAG_LINK = 42;
/** Major types of text, and of simple values and floats. */
const TEXT = 3;
const SIMPLE = 7;

/** First bytes of false, true, null and floats of 16, 32 and 64 bits. */
const isSimple = (first: number): boolean =>
  (first >= 0xf4 && first <= 0xf6) || (first >= 0xf9 && first <= 0xfb);

/** Where a head's value begins and what its argument is. */
interface Head {
  readonly major: number;
  readonly argument: number;
  readonly next: number;
}

/** The head at `offset`, canonical or not; undefined when there is none that dag-cbor allows. */
function headAt(bytes: Uint8Array, offset: number): Head | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  const info = first & 31;
  const size = info < 24 ? 0 : 1 << (info - 24);
  // Reserved heads and indefinite lengths are no dag-cbor.
  if (info > 27 || offset + 1 + size > bytes.length) return undefined;
  let argument = info < 24 ? info : 0;
  for (let i = 1; i <= size; i++) argument = argument * 256 + (bytes[offset + i] ?? 0);
  return { major: first >> 5, argument, next: offset + 1 + size };
}

function linkOver(bytes: Uint8Array): CID | undefined {
  if (bytes[0] !== 0) return undefined;
  try {
    return CID.decode(bytes.slice(1));
  } catch {
    return undefined;
  }
}

/**
 * Links inside a block of dag-cbor, in the order of its encoding; undefined when the bytes are none. Takes what other
 * programs write, too: floats, keys out of order, integers that are not in their shortest form, any depth. One pass
 * without recursion that builds nothing but the links; its memory is at most a number for each byte.
 *
 * @param bytes - A block as it came; anything may be given.
 */
export function linksIn(bytes: Uint8Array): readonly CID[] | undefined {
  const links: CID[] = [];
  /** For each list that is open, how many values are to come; for each map, keys and values together, negative. */
  const open: number[] = [1];
  let offset = 0;
  while (open.length > 0) {
    const left = open.pop() ?? 0;
    if (left === 0) continue;
    open.push(left - Math.sign(left));
    const head = headAt(bytes, offset);
    if (head === undefined) return undefined;
    const { major, argument } = head;
    const isKey = left < 0 && left % 2 === 0;
    if (isKey && major !== TEXT) return undefined;
    if (major === SIMPLE && !isSimple(bytes[offset] ?? 0)) return undefined;
    offset = head.next;
    if (major === 2 || major === 3) {
      if (argument > bytes.length - offset) return undefined;
      offset += argument;
    } else if (major === 4 || major === 5) {
      const items = major === 5 ? 2 * argument : argument;
      if (items > bytes.length - offset) return undefined;
      open.push(major === 5 ? -items : items);
    } else if (major === 6) {
      const inner = argument === TAG_LINK ? headAt(bytes, offset) : undefined;
      if (inner === undefined || inner.major !== 2 || inner.argument > bytes.length - inner.next)
        return undefined;
      offset = inner.next + inner.argument;
      const link = linkOver(bytes.subarray(inner.next, offset));
      if (link === undefined) return undefined;
      links.push(link);
    }
  }
  return offset === bytes.length ? links : undefined;
}
