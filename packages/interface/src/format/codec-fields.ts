import type { TxValue } from '../trustchain/half-block.ts';
import { decodeCanonical } from './canonical-decode.ts';
import { encodeCanonical } from './canonical-encode.ts';
import { FormatError } from './errors.ts';
import { type FieldFailure, unexpected } from './failure.ts';

/** From bytes to values and back. */
export interface CodecReaders {
  /**
   * Value of canonical dag-cbor `bytes`, at most `maxBytes` with at most `maxItems` elements, keys and values in all (65 536
   * unless told otherwise). They are copied first: what is read shares no memory with the caller's, and byte strings are
   * views on the one copy.
   */
  decodeBounded(bytes: Uint8Array, maxBytes: number, where: string, maxItems?: number): TxValue;
  /**
   * Canonical dag-cbor of a value that the type system cannot follow, such as an interface's fields. Fails on what has
   * no such form: floats, undefined, instances, lone surrogates.
   */
  encodeFields(value: unknown, where?: string): Uint8Array;
}

const reasonOf = (error: FormatError): string =>
  `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;

/** {@link CodecReaders} that throw what `fail` makes. */
export function codecReaders(fail: FieldFailure): CodecReaders {
  const attempt = <T>(where: string, expected: string, task: () => T): T => {
    try {
      return task();
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw fail(`${where}: expected ${expected}: ${reasonOf(cause)}`, { where, cause });
    }
  };
  return {
    decodeBounded(bytes, maxBytes, where, maxItems) {
      if (!(bytes instanceof Uint8Array)) throw unexpected(fail, where, 'bytes', bytes);
      if (bytes.length > maxBytes) {
        throw fail(`${where}: expected at most ${maxBytes} bytes, got ${bytes.length}`, { where });
      }
      // Not `slice`, which shares memory when the bytes are a Node Buffer.
      return attempt(where, 'canonical dag-cbor', () => decodeCanonical(new Uint8Array(bytes), maxItems));
    },
    encodeFields: (value, where = 'value') =>
      // The encoder checks every part; the cast only lets it look.
      attempt(where, 'a value that dag-cbor can hold', () => encodeCanonical(value as TxValue)),
  };
}
