import type { KeyValueStore } from '@edmp/interface';
import { type BoundedMap, boundedMap } from '@edmp/interface/bounded';
import { blockIdOf, boundedBytesOf, decodeCanonical, encodeCanonical, listOf } from '../codec/fields.ts';
import {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  MAX_CERTIFICATE_BYTES,
} from '../notary/certificate.ts';
import type { StatementKind } from '../notary/statement.ts';

/** Certificates of others kept in memory: some hundred bytes each. */
const MAX_PASSING = 20_000;
/** Certificates of one's own kept in memory; older ones are read from the store. */
const MAX_OWN = 50_000;
const PREFIX = 'evidence/certificate/';
const PAGE = 1_000;

/** What a certificate settles: one of each about a block. */
export type CertificateMatter = 'spend' | 'ack' | 'outcome';

/** Certificates by what they are about. Everything in it was verified by whoever put it there. */
export interface CertificateStore {
  /** Keeps a verified certificate. `keep`: durably, for as long as the store lives: one's own money rests on it. */
  put(certificate: Certificate, options?: { readonly keep?: boolean }): Promise<void>;
  spend(id: string): Certificate | undefined;
  ack(hold: string): Certificate | undefined;
  /** `paid`, `none` or `refund` of a hold. */
  outcome(hold: string): Certificate | undefined;
  /** The same, read from the store when memory has let it go. */
  find(matter: CertificateMatter, id: string): Promise<Certificate | undefined>;
  /** All of one's own, those in the store included: what a ledger is told at a start. */
  own(): AsyncIterable<Certificate>;
  /** Told of every certificate that was not known. */
  on(listener: (certificate: Certificate) => void): () => void;
}

/** What a statement of a kind settles. */
export function matterOf(kind: StatementKind): CertificateMatter {
  return kind === 'spend' || kind === 'ack' ? kind : 'outcome';
}

/**
 * Opens the certificates of a store; without one they live in memory only.
 *
 * @param options - `store` keeps one's own certificates; `max` is how many of others memory keeps (default 20 000),
 *   `maxOwn` how many of one's own (default 50 000): the rest is read from the store.
 */
export async function openCertificateStore(
  options: { readonly store?: KeyValueStore; readonly max?: number; readonly maxOwn?: number } = {},
): Promise<CertificateStore> {
  const certificates = new StoredCertificates(
    options.store,
    options.max ?? MAX_PASSING,
    options.maxOwn ?? MAX_OWN,
  );
  await certificates.open();
  return certificates;
}

class StoredCertificates implements CertificateStore {
  readonly #store: KeyValueStore | undefined;
  readonly #passing: BoundedMap<string, Certificate>;
  readonly #own: BoundedMap<string, Certificate>;
  readonly #maxOwn: number;
  readonly #listeners = new Set<(certificate: Certificate) => void>();

  constructor(store: KeyValueStore | undefined, max: number, maxOwn: number) {
    this.#store = store;
    this.#maxOwn = maxOwn;
    this.#passing = boundedMap({ max });
    this.#own = boundedMap({ max: maxOwn });
  }

  async open(): Promise<void> {
    for await (const [key, certificate] of this.#stored()) {
      if (this.#own.size >= this.#maxOwn) return;
      this.#own.set(key, certificate);
    }
  }

  async *#stored(): AsyncIterable<readonly [string, Certificate]> {
    let after: string | undefined;
    for (let isLast = this.#store === undefined; !isLast; ) {
      const page =
        (await this.#store?.range(PREFIX, { limit: PAGE, ...(after === undefined ? {} : { after }) })) ?? [];
      for (const [key, value] of page) yield [key, this.#own.get(key) ?? decodeStored(value)];
      after = page.at(-1)?.[0];
      isLast = page.length < PAGE;
    }
  }

  async put(certificate: Certificate, options: { readonly keep?: boolean } = {}): Promise<void> {
    const key = keyOf(matterOf(certificate.kind), certificate.subject.toString());
    const isNew = !this.#own.has(key) && !this.#passing.has(key);
    if (options.keep === true && !this.#own.has(key)) {
      // Durable before anybody is told: who hears of it may act on it.
      await this.#store?.set(key, encodeStored(certificate));
      this.#passing.delete(key);
      this.#own.set(key, certificate);
    } else if (isNew) {
      this.#passing.set(key, certificate);
    }
    if (isNew) this.#tell(certificate);
  }

  spend(id: string): Certificate | undefined {
    return this.#get('spend', id);
  }

  ack(hold: string): Certificate | undefined {
    return this.#get('ack', hold);
  }

  outcome(hold: string): Certificate | undefined {
    return this.#get('outcome', hold);
  }

  async find(matter: CertificateMatter, id: string): Promise<Certificate | undefined> {
    const known = this.#get(matter, id);
    if (known !== undefined) return known;
    const bytes = await this.#store?.get(keyOf(matter, id));
    return bytes === undefined ? undefined : decodeStored(bytes);
  }

  async *own(): AsyncIterable<Certificate> {
    if (this.#store === undefined) yield* this.#own.values();
    for await (const [, certificate] of this.#stored()) yield certificate;
  }

  on(listener: (certificate: Certificate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #get(matter: CertificateMatter, id: string): Certificate | undefined {
    const key = keyOf(matter, id);
    return this.#own.get(key) ?? this.#passing.get(key);
  }

  #tell(certificate: Certificate): void {
    for (const listener of this.#listeners) {
      try {
        listener(certificate);
      } catch {
        // One listener's failure is not the others'.
      }
    }
  }
}

const keyOf = (matter: CertificateMatter, id: string): string => `${PREFIX}${matter}/${id}`;

function encodeStored(certificate: Certificate): Uint8Array {
  return encodeCanonical([certificate.currency, encodeCertificate(certificate)]);
}

function decodeStored(bytes: Uint8Array): Certificate {
  const where = 'stored certificate';
  const items = listOf(decodeCanonical(bytes, MAX_CERTIFICATE_BYTES + 64, where), 2, where);
  const currency = items[0] === null ? null : blockIdOf(items[0], where);
  return decodeCertificate(boundedBytesOf(items[1], MAX_CERTIFICATE_BYTES, where), currency);
}
