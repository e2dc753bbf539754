import {
  bytesToHex,
  bytesToUtf8,
  type Crypto,
  type Descriptor,
  type Environment,
  equalBytes,
  type KeyValueStore,
  type Signer,
  utf8ToBytes,
} from '@edmp/interface';
import { checkConsent } from './check.ts';
import { ConsentError } from './errors.ts';
import { type ConsentEvent, type ConsentStateName, signConsentEvent } from './event.ts';
import { type ConsentReceipt, checkReceipt, consentDigest } from './receipt.ts';

/** One entry of the owner's log. */
export interface ConsentLogEntry {
  /** Ms since the epoch. */
  readonly at: number;
  readonly event: 'granted' | 'listed' | 'sealed' | 'delivered' | 'refused' | 'withdrawn' | 'erased';
  /** Receipt concerned. */
  readonly recordId: string;
  /** Listing, recipient or reason, where there is one. */
  readonly detail: string;
}

/** A receipt as it stands. */
export interface ConsentState {
  readonly receipt: ConsentReceipt;
  /** Digest that descriptors carry. */
  readonly digest: Uint8Array;
  readonly withdrawnAt: number | null;
  /** What happened to it, signed by the owner; none where the ledger has no signer. */
  readonly events: readonly ConsentEvent[];
}

/** Options of {@link createConsentLedger}. */
export interface ConsentLedgerOptions {
  readonly store: KeyValueStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  /** Signs the events of giving and withdrawing with the owner's key. Default: they are not signed, and not recorded as events. */
  readonly signer?: Signer;
}

/**
 * The owner's consents and the log of what was done under them; durable, local, never published. Only salted digests
 * leave it. Withdrawing stops every later listing and delivery at once; copies that were sold before stay sold.
 */
export interface ConsentLedger {
  /** Stores a receipt and gives the digest for descriptors. Throws `ERR_CONSENT_RECEIPT`. */
  grant(receipt: ConsentReceipt): Promise<Uint8Array>;
  /** Checks a listing before it is signed. Throws a {@link ConsentError}; refusals are logged too. */
  checkListing(descriptor: Descriptor): Promise<ConsentReceipt>;
  /** Checks a sale before the data is sealed for its buyer. Throws a {@link ConsentError}; refusals are logged too. */
  checkSealing(descriptor: Descriptor, recipient: string): Promise<ConsentReceipt>;
  /** Checks a delivery before a key is released. Throws a {@link ConsentError}; refusals are logged too. */
  checkDelivery(descriptor: Descriptor, recipient: string): Promise<ConsentReceipt>;
  /**
   * Withdraws a consent. It holds from the moment that it is stored, before its event is signed; repeating it changes
   * nothing, but signs what could not be signed before. Throws `ERR_CONSENT_MISSING`, and what the signer throws.
   */
  withdraw(recordId: string): Promise<void>;
  /** Removes receipt and salt: the digests that are out can no longer be explained by anyone. The log keeps its entries. */
  erase(recordId: string): Promise<void>;
  consents(): Promise<readonly ConsentState[]>;
  /** Everything that happened, oldest first. */
  log(): Promise<readonly ConsentLogEntry[]>;
}

interface Stored {
  readonly receipt: ConsentReceipt;
  readonly salt: string;
  readonly digest: string;
  readonly withdrawnAt: number | null;
  /** Absent in ledgers of before there were events. */
  readonly events?: readonly ConsentEvent[];
}

const RECEIPT = 'consent/receipt/';
const LOG = 'consent/log/';
const WITHDRAWN_BY = 'explicit, by withdrawing the consent';
const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** A consent ledger over a key-value store. One at a time may write to a store. */
export function createConsentLedger(options: ConsentLedgerOptions): ConsentLedger {
  const { store, crypto, environment, signer } = options;
  let queue: Promise<unknown> = Promise.resolve();
  let next: number | undefined;
  /** One write after the other, so that the log has no gaps and a withdrawal is never overtaken. */
  const serial = <T>(task: () => Promise<T>): Promise<T> => {
    const result = queue.then(task, task);
    queue = result.catch(() => undefined);
    return result;
  };
  const append = async (event: ConsentLogEntry['event'], recordId: string, detail: string): Promise<void> => {
    next ??= (await store.entries(LOG)).length;
    const entry: ConsentLogEntry = { at: environment.now(), event, recordId, detail };
    await store.set(`${LOG}${String(next++).padStart(12, '0')}`, utf8ToBytes(JSON.stringify(entry)));
  };
  const load = async (recordId: string): Promise<Stored | undefined> => {
    const bytes = await store.get(RECEIPT + recordId);
    return bytes === undefined ? undefined : (JSON.parse(bytesToUtf8(bytes)) as Stored);
  };
  const save = (stored: Stored): Promise<void> =>
    store.set(RECEIPT + stored.receipt.header.recordId, utf8ToBytes(JSON.stringify(stored)));
  const all = async (): Promise<Stored[]> =>
    (await store.entries(RECEIPT)).map(([, bytes]) => JSON.parse(bytesToUtf8(bytes)) as Stored);

  /** A stored receipt with one more event, where there is a signer and the event is not there yet. */
  const withEvent = async (
    stored: Stored,
    state: ConsentStateName,
    time: number,
    method: string,
  ): Promise<Stored> => {
    const events = stored.events ?? [];
    if (signer === undefined || events.some((event) => event.state === state)) return stored;
    const { receipt } = stored;
    const event = await signConsentEvent({ receipt, state, time, method, signer, crypto });
    return { ...stored, events: [...events, event] };
  };

  const check = (
    event: 'listed' | 'sealed' | 'delivered',
    descriptor: Descriptor,
    recipient?: string,
  ): Promise<ConsentReceipt> =>
    serial(async () => {
      const { consent } = descriptor;
      const stored =
        consent === null
          ? undefined
          : (await all()).find(({ digest }) => equalBytes(fromHex(digest), consent));
      if (stored === undefined) {
        throw new ConsentError('ERR_CONSENT_MISSING', 'No consent is stored for what is to be sold');
      }
      const { recordId } = stored.receipt.header;
      try {
        if (stored.withdrawnAt !== null) {
          throw new ConsentError('ERR_CONSENT_WITHDRAWN', 'The owner withdrew the consent for this data');
        }
        const now = environment.now();
        checkConsent(stored.receipt, { descriptor, now, ...(recipient === undefined ? {} : { recipient }) });
      } catch (error) {
        await append('refused', recordId, error instanceof ConsentError ? error.code : 'error');
        throw error;
      }
      await append(event, recordId, recipient ?? descriptor.title);
      return stored.receipt;
    });

  return {
    grant: (receipt) =>
      serial(async () => {
        checkReceipt(receipt);
        const { recordId } = receipt.header;
        if ((await load(recordId)) !== undefined) {
          throw new ConsentError('ERR_CONSENT_RECEIPT', 'A receipt with this record id is already stored');
        }
        const salt = environment.randomBytes(32);
        const digest = consentDigest(receipt, salt, crypto);
        const stored = { receipt, salt: bytesToHex(salt), digest: bytesToHex(digest), withdrawnAt: null };
        await save(await withEvent(stored, 'given', receipt.event.time, receipt.event.method));
        await append('granted', recordId, receipt.processing.purposes.join(', '));
        return digest;
      }),
    checkListing: (descriptor) => check('listed', descriptor),
    checkSealing: (descriptor, recipient) => check('sealed', descriptor, recipient),
    checkDelivery: (descriptor, recipient) => check('delivered', descriptor, recipient),
    withdraw: (recordId) =>
      serial(async () => {
        const stored = await load(recordId);
        if (stored === undefined)
          throw new ConsentError('ERR_CONSENT_MISSING', 'No consent with this id is stored');
        const time = stored.withdrawnAt ?? environment.now();
        const withdrawn = { ...stored, withdrawnAt: time };
        if (stored.withdrawnAt === null) {
          await save(withdrawn);
          await append('withdrawn', recordId, '');
        }
        const signed = await withEvent(withdrawn, 'withdrawn', time, WITHDRAWN_BY);
        if (signed !== withdrawn) await save(signed);
      }),
    erase: (recordId) =>
      serial(async () => {
        await store.delete(RECEIPT + recordId);
        await append('erased', recordId, '');
      }),
    consents: async () =>
      (await all()).map(({ receipt, digest, withdrawnAt, events }) => ({
        receipt,
        digest: fromHex(digest),
        withdrawnAt,
        events: events ?? [],
      })),
    log: async () =>
      (await store.entries(LOG)).map(([, bytes]) => JSON.parse(bytesToUtf8(bytes)) as ConsentLogEntry),
  };
}
