import {
  bytesToHex,
  type Crypto,
  type Environment,
  equalBytes,
  type PublicKey,
  type Signature,
} from '@edmp/interface';
import { xWingKem } from '@edmp/interface/hpke';
import { decodeCanonical } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { complaintBinding, openSealed, sealingKeyMessage } from './complaint-seal.ts';
import { MAX_REQUEST_BYTES } from './limits.ts';
import { type ComplaintEvidence, complaintOf, MAX_COMPLAINT_ITEMS, type NotaryRequest } from './messages.ts';
import type { StatementKeys } from './statement-keys.ts';

/** Life of a key, ms. The one before it still opens: a complaint may be under way when it changes. */
const LIFE_MS = 3_600_000;
/** Complaints that one key opens; each is remembered, so that it opens once. */
const MAX_OPENED = 4_096;

interface SealingKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly madeAt: number;
  /** Statement keys' signatures under it, made when they are asked for. */
  readonly signatures: Map<string, Promise<Signature>>;
  /** Digests of what it has opened. */
  readonly opened: Set<string>;
}

/**
 * The keys that complaints to a notary are sealed to: in memory alone, changed every hour and after 4 096 complaints, so that
 * a conversation that was recorded stays closed, whatever becomes of the notary's store or of the transport (DESIGN §5.2).
 */
export class SealingKeys {
  readonly #crypto: Crypto;
  readonly #environment: Pick<Environment, 'now' | 'randomBytes'>;
  readonly #statements: StatementKeys;
  /** Newest first, at most two. */
  #keys: readonly SealingKey[] = [];

  constructor(options: {
    readonly crypto: Crypto;
    readonly environment: Pick<Environment, 'now' | 'randomBytes'>;
    readonly statements: StatementKeys;
  }) {
    this.#crypto = options.crypto;
    this.#environment = options.environment;
    this.#statements = options.statements;
  }

  /** The key to seal to now, with the statement key's word for it; undefined for a statement key that is not here. */
  async offer(
    key: PublicKey,
  ): Promise<{ readonly publicKey: Uint8Array; readonly signature: Signature } | undefined> {
    const signer = this.#statements.signer(key);
    if (signer === undefined) return undefined;
    const { publicKey, signatures } = this.#current();
    const name = bytesToHex(key);
    const signing = signatures.get(name) ?? signer.sign(sealingKeyMessage(publicKey));
    signatures.set(name, signing);
    try {
      return { publicKey, signature: await signing };
    } catch (error) {
      // A signer that failed once must not keep complaints out for an hour.
      if (signatures.get(name) === signing) signatures.delete(name);
      throw error;
    }
  }

  /**
   * The complaint that a node sent. Throws `ERR_NOTARY_SEAL` for one that is sealed to another key, from another node,
   * about another hold, altered, or that was opened before; `ERR_MARKET_FORMAT` for one that is none.
   */
  open(request: Extract<NotaryRequest, { kind: 'complain' }>, from: PublicKey): ComplaintEvidence {
    this.#expire();
    const { key, sealedTo, sealed, evidence } = request;
    const found = this.#keys.find(({ publicKey }) => equalBytes(this.#crypto.sha256(publicKey), sealedTo));
    if (found === undefined) {
      throw new MarketError('ERR_NOTARY_SEAL', 'The complaint is sealed to a key that is not in use here');
    }
    const name = bytesToHex(this.#crypto.sha256(sealed));
    if (found.opened.has(name)) throw new MarketError('ERR_NOTARY_SEAL', 'The complaint was shown before');
    const binding = complaintBinding(this.#crypto, { key, from, hold: evidence.hold });
    const plain = openSealed(this.#crypto, found.secretKey, binding, sealed);
    found.opened.add(name);
    const where = 'sealed complaint';
    return complaintOf(decodeCanonical(plain, MAX_REQUEST_BYTES, where, MAX_COMPLAINT_ITEMS), where);
  }

  /** Forgets all keys. */
  stop(): void {
    this.#keep([]);
  }

  #current(): SealingKey {
    this.#expire();
    const [newest] = this.#keys;
    const now = this.#environment.now();
    // A clock that was set back must not make a key live on until it has caught up.
    const age = newest === undefined ? LIFE_MS : Math.abs(now - newest.madeAt);
    if (newest !== undefined && age < LIFE_MS && newest.opened.size < MAX_OPENED) return newest;
    const secretKey = this.#environment.randomBytes(xWingKem.secretKeyBytes);
    const fresh: SealingKey = {
      secretKey,
      publicKey: xWingKem.publicKey(this.#crypto, secretKey),
      madeAt: now,
      signatures: new Map(),
      opened: new Set(),
    };
    this.#keep(newest === undefined ? [fresh] : [fresh, newest]);
    return fresh;
  }

  /** No key opens anything for longer than twice its life. */
  #expire(): void {
    const now = this.#environment.now();
    const isOver = ({ madeAt, opened }: SealingKey): boolean =>
      Math.abs(now - madeAt) >= 2 * LIFE_MS || opened.size >= 2 * MAX_OPENED;
    if (this.#keys.some(isOver)) this.#keep(this.#keys.filter((key) => !isOver(key)));
  }

  #keep(keys: readonly SealingKey[]): void {
    for (const key of this.#keys) if (!keys.includes(key)) key.secretKey.fill(0);
    this.#keys = keys;
  }
}
