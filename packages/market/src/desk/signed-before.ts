import type { Crypto, Trustchain, TxValue } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { bytesOf, decodeCanonical, encodeCanonical, integerOf, mapOf, textOf } from '../codec/fields.ts';

/** Own blocks read at once. */
const PAGE = 256;

/** What finds one’s own block again that a call was about to sign when it was cut off. */
export interface SigningTrace {
  readonly type: string;
  /** Last position of this node’s own chain before. */
  readonly after: number;
  /** SHA-256 of the transaction. */
  readonly digest: Uint8Array;
}

/** Bytes of a trace. */
export function encodeSigningTrace(trace: SigningTrace): Uint8Array {
  return encodeCanonical({ v: 1, ...trace });
}

/** Reads a trace. Throws `ERR_MARKET_FORMAT`. */
export function decodeSigningTrace(bytes: Uint8Array): SigningTrace {
  const names = ['v', 'type', 'after', 'digest'];
  const fields = mapOf(decodeCanonical(bytes, 512, 'signing trace'), names, 'signing trace');
  integerOf(fields.v, 1, 1, 'signing trace.v');
  return {
    type: textOf(fields.type, 64, 'signing trace.type'),
    after: integerOf(fields.after, 0, Number.MAX_SAFE_INTEGER, 'signing trace.after'),
    digest: bytesOf(fields.digest, 32, 'signing trace.digest'),
  };
}

/** The trace of a block that is about to be signed. */
export async function traceOf(
  chain: Pick<Trustchain, 'self' | 'store'>,
  crypto: Pick<Crypto, 'sha256'>,
  block: { readonly type: string; readonly tx: TxValue },
): Promise<SigningTrace> {
  const head = await chain.store.head(chain.self);
  return {
    type: block.type,
    after: head?.core.seq ?? 0,
    digest: crypto.sha256(encodeCanonical(block.tx)),
  };
}

/** Text of the id of this node’s own block that left `trace`; those that `taken` names belong to other calls. */
export async function signedBefore(
  chain: Pick<Trustchain, 'self' | 'store'>,
  crypto: Pick<Crypto, 'sha256'>,
  trace: SigningTrace,
  taken: (id: string) => boolean,
): Promise<string | undefined> {
  for (let from = trace.after + 1; ; ) {
    const page = await chain.store.range(chain.self, from, Number.MAX_SAFE_INTEGER, PAGE);
    for (const { id, core } of page) {
      if (core.type !== trace.type || taken(id.toString())) continue;
      if (equalBytes(crypto.sha256(encodeCanonical(core.tx)), trace.digest)) return id.toString();
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return undefined;
    from = last.core.seq + 1;
  }
}
