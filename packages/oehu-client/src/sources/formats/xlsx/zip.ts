import { Inflate } from 'fflate';
import { MeterError } from '../../../errors.ts';

/** Most bytes that a workbook may unfold to: some years of quarter hours have 40 MB. */
const MAX_UNFOLDED_BYTES = 128 << 20;
const MAX_ENTRIES = 2000;
/** Bytes inflated at once, so that a bomb is noticed after little more than its limit: deflate unfolds 1032 to 1. */
const CHUNK_BYTES = 8192;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 65_535;

/** A file of a ZIP archive. */
interface ZipEntry {
  readonly method: number;
  readonly size: number;
  readonly offset: number;
}

/** Whether bytes begin as a ZIP archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The files of a ZIP archive by name (APPNOTE.TXT 4.3), unfolded when they are asked for and never above a limit. */
export class ZipFiles {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, ZipEntry>();
  #left: number;

  /** Throws `ERR_METER_FORMAT` when it is no whole archive, `ERR_METER_LIMIT` when it has too many files. */
  constructor(bytes: Uint8Array, mostBytes: number = MAX_UNFOLDED_BYTES) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#left = mostBytes;
    const end = this.#findEnd();
    const count = this.#view.getUint16(end + 10, true);
    if (count > MAX_ENTRIES)
      throw new MeterError('ERR_METER_LIMIT', `A workbook has at most ${MAX_ENTRIES} parts`);
    let at = this.#view.getUint32(end + 16, true);
    for (let i = 0; i < count; i++) at = this.#readEntry(at);
  }

  /** Text of a file, or undefined when it is not there. Throws `ERR_METER_FORMAT`, `ERR_METER_LIMIT`. */
  text(name: string): string | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined ? undefined : new TextDecoder().decode(this.#unfold(entry));
  }

  /** Where the end of the central directory stands. */
  #findEnd(): number {
    const { length } = this.#bytes;
    const first = Math.max(0, length - END_BYTES - MAX_COMMENT_BYTES);
    for (let at = length - END_BYTES; at >= first; at--) {
      if (this.#view.getUint32(at, true) === 0x06054b50) return at;
    }
    throw damaged();
  }

  #readEntry(at: number): number {
    if (at + 46 > this.#bytes.length || this.#view.getUint32(at, true) !== 0x02014b50) throw damaged();
    const u16 = (offset: number): number => this.#view.getUint16(at + offset, true);
    const u32 = (offset: number): number => this.#view.getUint32(at + offset, true);
    const nameEnd = at + 46 + u16(28);
    const name = new TextDecoder().decode(this.#bytes.subarray(at + 46, nameEnd));
    if ((u16(8) & 1) !== 0)
      throw new MeterError('ERR_METER_FORMAT', 'The workbook is encrypted; save it without password');
    // The first of a name counts: a second one would be another file than other programs show.
    if (!this.#entries.has(name))
      this.#entries.set(name, { method: u16(10), size: u32(20), offset: u32(42) });
    return nameEnd + u16(30) + u16(32);
  }

  #unfold({ method, size, offset }: ZipEntry): Uint8Array {
    if (offset + 30 > this.#bytes.length || this.#view.getUint32(offset, true) !== 0x04034b50)
      throw damaged();
    const from =
      offset + 30 + this.#view.getUint16(offset + 26, true) + this.#view.getUint16(offset + 28, true);
    if (from + size > this.#bytes.length) throw damaged();
    const packed = this.#bytes.subarray(from, from + size);
    if (method === 0) {
      this.#spend(packed.length);
      return packed;
    }
    if (method !== 8)
      throw new MeterError(
        'ERR_METER_FORMAT',
        `The workbook is packed by method ${method}, which is not read`,
      );
    const parts: Uint8Array[] = [];
    let total = 0;
    let isDone = false;
    const inflate = new Inflate((part, isLast) => {
      this.#spend(part.length);
      parts.push(part.slice());
      total += part.length;
      if (isLast) isDone = true;
    });
    try {
      for (let at = 0; at < packed.length; at += CHUNK_BYTES) {
        inflate.push(packed.subarray(at, at + CHUNK_BYTES), at + CHUNK_BYTES >= packed.length);
      }
    } catch (error) {
      if (error instanceof MeterError) throw error;
      throw damaged(error);
    }
    if (!isDone) throw damaged();
    const all = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new MeterError('ERR_METER_LIMIT', 'The workbook unfolds to more than a meter file may have');
  }
}

function damaged(cause?: unknown): MeterError {
  return new MeterError('ERR_METER_FORMAT', 'Expected a whole workbook (XLSX), found a damaged one', {
    cause,
  });
}
