import { equalBytes, type KeyValueStore } from '@edmp/interface';
import { mutex } from '@edmp/interface/bounded';
import type { TradeId } from '../blocks/terms.ts';
import {
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  mapOf,
} from '../codec/fields.ts';
import type { SignedProof } from '../notary/answers.ts';
import { MAX_PROOF_BYTES } from '../notary/limits.ts';

/** The part of a trade's record that a lie is. */
export const LIE = 'lie';
/** Largest record: a proof, a signature and their frame. */
const MAX_LIE_BYTES: number = MAX_PROOF_BYTES + 1_024;
/** Stands there instead of a lie once a trade's proofs were destroyed. */
const FORGOTTEN: Uint8Array = encodeCanonical(null);

/** Complaints by which buyers of this node's sales are convicted. */
export class LieRecords {
  readonly #store: KeyValueStore;
  readonly #keyOf: (id: TradeId) => string;
  /** Keeping and forgetting are one step each. */
  readonly #turns = mutex();

  constructor(store: KeyValueStore, keyOf: (id: TradeId) => string) {
    this.#store = store;
    this.#keyOf = keyOf;
  }

  /**
   * Keeps one, durably when the promise resolves. Not of a trade whose proofs were destroyed, be it while the witnesses
   * were asked for them: what was erased does not come back.
   */
  keep(id: TradeId, { proof, signature }: SignedProof): Promise<void> {
    return this.#turns.run(async () => {
      if (await this.isForgotten(id)) return;
      await this.#store.set(this.#keyOf(id), encodeCanonical({ v: 1, proof, signature }));
    });
  }

  /** The lie in a trade; undefined = none is here. Throws `ERR_MARKET_FORMAT` for a damaged record. */
  async find(id: TradeId): Promise<SignedProof | undefined> {
    const bytes = await this.#store.get(this.#keyOf(id));
    if (bytes === undefined || equalBytes(bytes, FORGOTTEN)) return undefined;
    const fields = mapOf(decodeCanonical(bytes, MAX_LIE_BYTES, LIE), ['v', 'proof', 'signature'], LIE);
    integerOf(fields.v, 1, 1, 'lie.v');
    return {
      proof: boundedBytesOf(fields.proof, MAX_PROOF_BYTES, 'lie.proof'),
      signature: bytesOf(fields.signature, 64, 'lie.signature'),
    };
  }

  /** Whether what was or may yet be known of a lie in a trade was destroyed. */
  async isForgotten(id: TradeId): Promise<boolean> {
    const bytes = await this.#store.get(this.#keyOf(id));
    return bytes !== undefined && equalBytes(bytes, FORGOTTEN);
  }

  /** Destroys the lie in a trade for good. */
  forget(id: TradeId): Promise<void> {
    const key = this.#keyOf(id);
    // Removed and written anew, because a store overwrites what it removes, not what it replaces.
    return this.#turns.run(() =>
      this.#store.setMany([
        [key, null],
        [key, FORGOTTEN],
      ]),
    );
  }
}
