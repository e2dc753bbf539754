import {
  type Crypto,
  type Environment,
  equalBytes,
  isEdmpError,
  type KeyValueStore,
  type Network,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
  type TopicVerdict,
} from '@edmp/interface';
import { boundedMap, tokenBuckets } from '@edmp/interface/bounded';
import { type CurrencyId, faultsOf, type NotaryCount } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import {
  decodeNotaryProof,
  encodeNotaryProof,
  MAX_NOTARY_PROOF_BYTES,
  type NotaryProof,
  notaryProofOf,
  type SignedStatement,
  verifyNotaryProof,
} from './notary-proof.ts';

/** Topic on which proofs against notaries and witnesses spread. */
export const NOTARY_PROOFS_TOPIC = 'edmp/market/notary-proofs/1';
/** Statements remembered to compare later ones with. */
const MAX_OBSERVED = 20_000;
/** Keys proven at once: one proof each is enough, and what is proven stays proven. */
const MAX_PROVEN = 4_096;
/** Proofs that one peer may deliver. */
const RATE = { burst: 20, perSecond: 1 };
const PREFIX = 'notary-proof/';

/** A key of no currency known here; of one that is known; of one that own money may be in, or that the owner relies on. */
type Weight = 0 | 1 | 2;
const NOBODYS: Weight = 0;
const KNOWN: Weight = 1;
const RELIED_ON: Weight = 2;

/** What notaries and witnesses were caught at. */
export interface NotaryProofs extends Disposable {
  /**
   * Compares a statement that is known to be signed by `key` with what the key said before about the same `matter`:
   * a number of an account, or a choice about a hold. A contradiction is kept and spread.
   */
  observe(key: PublicKey, matter: string, signed: SignedStatement): Promise<void>;
  /** The proof against a key. */
  proof(key: PublicKey): NotaryProof | undefined;
  /** Encoded proofs, to show and to pass on. */
  proofs(): readonly Uint8Array[];
  /** Whether more of a currency's notaries are proven cheats than it can bear: by default it is taken no more. */
  isBroken(currency: CurrencyId): boolean;
  on(listener: (proof: NotaryProof) => void): () => void;
  stop(): void;
}

/** Options of {@link openNotaryProofs}. */
export interface NotaryProofsOptions {
  readonly network: Network;
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>;
  readonly environment: Pick<Environment, 'now'>;
  readonly currencies: CurrencyRegister;
  /** Where proofs are kept for ever. */
  readonly store: KeyValueStore;
  /** Keys that matter besides the notaries of known currencies, for instance the owner's witnesses. Default none. */
  readonly isRelevant?: (key: PublicKey) => boolean;
  /** Keys proven at once. Default 4 096; when they are too many, those that nothing here rests on give way. */
  readonly max?: number;
}

/** Opens the register of proofs, and takes part in their topic. */
export async function openNotaryProofs(options: NotaryProofsOptions): Promise<NotaryProofs> {
  const register = new ProofRegister(options);
  await register.open();
  return register;
}

class ProofRegister implements NotaryProofs {
  readonly #options: NotaryProofsOptions;
  readonly #rate: ReturnType<typeof tokenBuckets>;
  readonly #observed = boundedMap<string, SignedStatement>({ max: MAX_OBSERVED });
  readonly #proven = new Map<PublicKeyHex, { readonly proof: NotaryProof; readonly bytes: Uint8Array }>();
  readonly #listeners = new Set<(proof: NotaryProof) => void>();
  #close: () => void = () => {};

  constructor(options: NotaryProofsOptions) {
    this.#options = options;
    this.#rate = tokenBuckets(RATE, () => options.environment.now());
  }

  async open(): Promise<void> {
    const { store, network, crypto } = this.#options;
    for (const [, bytes] of await store.range(PREFIX, { limit: this.#options.max ?? MAX_PROVEN })) {
      const proof = decodeNotaryProof(bytes, crypto);
      this.#proven.set(publicKeyToHex(proof.key), { proof, bytes });
    }
    this.#close = network.subscribe(NOTARY_PROOFS_TOPIC, (body, from) => this.#receive(body, from));
  }

  async observe(key: PublicKey, matter: string, signed: SignedStatement): Promise<void> {
    const name = `${publicKeyToHex(key)} ${matter}`;
    const before = this.#observed.get(name);
    if (before === undefined) {
      this.#observed.set(name, signed);
      return;
    }
    const same =
      before.statement.kind === signed.statement.kind &&
      equalBytes(before.statement.subject.bytes, signed.statement.subject.bytes);
    if (same || this.#proven.has(publicKeyToHex(key))) return;
    const proof = notaryProofOf(key, before, signed, this.#options.crypto);
    const bytes = encodeNotaryProof(proof);
    await this.#keep(proof, bytes);
    await this.#options.network.publish(NOTARY_PROOFS_TOPIC, bytes);
  }

  proof(key: PublicKey): NotaryProof | undefined {
    return this.#proven.get(publicKeyToHex(key))?.proof;
  }

  proofs(): readonly Uint8Array[] {
    return [...this.#proven.values()].map(({ bytes }) => bytes);
  }

  isBroken(id: CurrencyId): boolean {
    const currency = this.#options.currencies.get(id);
    if (currency?.kind !== 'issued') return false;
    const proven = currency.notaries.filter((key) => this.#proven.has(publicKeyToHex(key))).length;
    return proven > faultsOf(currency.notaries.length as NotaryCount);
  }

  on(listener: (proof: NotaryProof) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  stop(): void {
    this.#close();
  }

  async #receive(body: Uint8Array, from: PublicKey): Promise<TopicVerdict> {
    if (body.length > MAX_NOTARY_PROOF_BYTES) return 'reject';
    if (!this.#rate.take(publicKeyToHex(from))) return 'ignore';
    try {
      const { key } = decodeNotaryProof(body, this.#options.crypto);
      // Keys are free: proofs against keys that nobody here relies on are nobody's business.
      if (this.#proven.has(publicKeyToHex(key)) || this.#weigh()(key) === NOBODYS) return 'ignore';
      if (this.#giver(key) === undefined) return 'ignore';
      await this.#keep(verifyNotaryProof(body, this.#options.crypto), body.slice());
      return 'accept';
    } catch (error) {
      if (isEdmpError(error)) return 'reject';
      throw error;
    }
  }

  /** How much it matters here whether a key is proven: see {@link Weight}. */
  #weigh(): (key: PublicKey) => Weight {
    const { currencies, isRelevant } = this.#options;
    const weights = new Map<PublicKeyHex, Weight>();
    for (const currency of currencies.values()) {
      if (currency.kind !== 'issued') continue;
      const weight = currencies.isKept(currency.id) ? RELIED_ON : KNOWN;
      for (const key of currency.notaries) {
        const hex = publicKeyToHex(key);
        if ((weights.get(hex) ?? NOBODYS) < weight) weights.set(hex, weight);
      }
    }
    return (key) => (isRelevant?.(key) === true ? RELIED_ON : (weights.get(publicKeyToHex(key)) ?? NOBODYS));
  }

  /**
   * Whose proof gives way to one against `key`: null = there is room, undefined = nobody's. Currencies cost nothing, so
   * whoever issues some and proves all their notaries must not take the room of proofs against those relied on here.
   */
  #giver(key: PublicKey): PublicKeyHex | null | undefined {
    if (this.#proven.size < (this.#options.max ?? MAX_PROVEN)) return null;
    const weigh = this.#weigh();
    const weight = weigh(key);
    let least: { readonly hex: PublicKeyHex; readonly weight: Weight } | undefined;
    for (const [hex, { proof }] of this.#proven) {
      const other = weigh(proof.key);
      if (other < weight && (least === undefined || other < least.weight)) least = { hex, weight: other };
      if (least?.weight === NOBODYS) break;
    }
    return least?.hex;
  }

  async #keep(proof: NotaryProof, bytes: Uint8Array): Promise<void> {
    const hex = publicKeyToHex(proof.key);
    const giver = this.#giver(proof.key);
    if (this.#proven.has(hex) || giver === undefined) return;
    // One proof a key is enough, also of two that come at once.
    this.#proven.set(hex, { proof, bytes });
    if (giver !== null) this.#proven.delete(giver);
    await this.#options.store.setMany([
      [PREFIX + hex, bytes],
      ...(giver === null ? [] : [[PREFIX + giver, null] as const]),
    ]);
    for (const listener of this.#listeners) {
      try {
        listener(proof);
      } catch {
        // One listener's failure is not the others'.
      }
    }
  }
}
