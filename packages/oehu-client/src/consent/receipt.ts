import {
  bytesToHex,
  type Crypto,
  type IntervalStep,
  type RegisterReading,
  utf8ToBytes,
} from '@edmp/interface';
import { isIntervalStep } from '../time/steps.ts';
import { ConsentError } from './errors.ts';

/** How exactly a place may be published, from nothing to a geohash of 5 characters. */
export type PlaceLevel = 'none' | 'region' | 'town' | 'street';

/** Geohash characters that a place level allows. */
export const PLACE_CHARACTERS: Readonly<Record<PlaceLevel, 0 | 3 | 4 | 5>> = {
  none: 0,
  region: 3,
  town: 4,
  street: 5,
};

/**
 * A consent receipt: field names of the Kantara Consent Receipt 1.1 in the three sections of ISO/IEC TS 27560:2023. The
 * names were taken from secondary sources; no conformance to the ISO text is claimed.
 */
export interface ConsentReceipt {
  readonly header: {
    /** Receipts of version 1 have none of the fields that are marked with it. */
    readonly schemaVersion: 'edmp/consent/1' | 'edmp/consent/2';
    /** Id of this receipt, 32 hexadecimal characters. */
    readonly recordId: string;
    /** Pseudonym of the owner: never a name or a device. */
    readonly piiPrincipalId: string;
  };
  readonly processing: {
    /** Text or address of the notice that the owner saw. */
    readonly privacyNotice: string;
    /** BCP 47 tag of the language of the notice. From version 2. */
    readonly language?: string;
    /** What makes the processing lawful: always the consent itself. From version 2. */
    readonly lawfulBasis?: 'consent';
    /** Who decides about the data until it is sold, and how to reach them. From version 2. */
    readonly controller?: ConsentController;
    /** How the data was collected, e.g. `read from the household's meter`. From version 2. */
    readonly collectionMethod?: string;
    /** Where the data is kept until it is sold. From version 2. */
    readonly storageLocation?: string;
    /** How to withdraw the consent. From version 2. */
    readonly withdrawalMethod?: string;
    /** What the principal may ask for. From version 2. */
    readonly privacyRights?: readonly string[];
    /** Purposes, e.g. `research`; a sale for another one is refused. */
    readonly purposes: readonly string[];
    /** What is shared. */
    readonly piiCategories: readonly {
      readonly commodity: RegisterReading['commodity'];
      readonly flow: RegisterReading['flow'];
    }[];
    /** Finest step that may be sold. */
    readonly finestStep: IntervalStep;
    readonly placeLevel: PlaceLevel;
    /** Whether the household's class may be published. */
    readonly household: boolean;
    /** Named recipients (public keys in hexadecimal), or anyone who buys under the licence. */
    readonly recipients: readonly string[] | 'purchasers';
    readonly licence: string;
    /** First and last local day whose data may be sold, `YYYY-MM-DD`, inclusive. */
    readonly dataFrom: string;
    readonly dataTo: string;
    /** How long recipients may keep it, ISO 8601 duration. */
    readonly retentionPeriod: string;
    /** ISO 3166 code of the law that applies; `ZZ` when it is not known. */
    readonly jurisdiction: string;
  };
  readonly event: {
    readonly state: 'given';
    /** When it was given, ms since the epoch. */
    readonly time: number;
    /** From when it no longer covers sales, ms since the epoch. */
    readonly validUntil: number;
    /** How it was given, e.g. `explicit, in the sell dialog`. */
    readonly method: string;
  };
}

/** Who decides about the data, as far as a household is known by its node. */
export interface ConsentController {
  /** Public key of the owner's node, hexadecimal: what signs the events of the receipt. */
  readonly id: string;
  /** Name that the owner gave the node, or `owner`. */
  readonly name: string;
  /** Where to reach the owner: an e-mail address or URL of the owner's choice, or the key on the network. */
  readonly contact: string;
}

/** Canonical JSON of a receipt: keys sorted, no white space. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

/**
 * HMAC-SHA-256 of the canonical receipt under a salt: what a descriptor carries. The salt keeps anyone from guessing
 * the receipt behind the digest; deleting it makes the digest say nothing (DESIGN §1.6). Throws `ERR_CONSENT_RECEIPT`
 * for a salt below 16 bytes.
 *
 * @param salt - Random bytes, 16 at least.
 */
export function consentDigest(receipt: ConsentReceipt, salt: Uint8Array, crypto: Crypto): Uint8Array {
  if (salt.length < 16) {
    throw new ConsentError('ERR_CONSENT_RECEIPT', `A salt has at least 16 random bytes, got ${salt.length}`);
  }
  return crypto.hmacSha256(salt, utf8ToBytes(`edmp/consent/v1${canonical(receipt)}`));
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MAX_LIST = 64;

/** Checks that a receipt is complete and makes sense. Throws `ERR_CONSENT_RECEIPT`, naming the field. */
export function checkReceipt(receipt: ConsentReceipt): void {
  const { header, processing, event } = receipt;
  const need = (isFine: boolean, field: string, expected: string): void => {
    if (!isFine)
      throw new ConsentError('ERR_CONSENT_RECEIPT', `Expected ${expected} in ${field}`, {
        details: { field },
      });
  };
  const isText = (text: unknown): boolean => typeof text === 'string' && text !== '' && text.length <= 2000;
  const isNew = header.schemaVersion === 'edmp/consent/2';
  need(isNew || header.schemaVersion === 'edmp/consent/1', 'header.schemaVersion', 'edmp/consent/2');
  need(/^[0-9a-f]{32}$/.test(header.recordId), 'header.recordId', '32 hexadecimal characters');
  need(isText(header.piiPrincipalId), 'header.piiPrincipalId', 'a pseudonym');
  need(isText(processing.privacyNotice), 'processing.privacyNotice', 'a text');
  const { purposes, piiCategories, recipients } = processing;
  need(
    purposes.length > 0 && purposes.length <= MAX_LIST && purposes.every(isText),
    'processing.purposes',
    '1 to 64 purposes',
  );
  need(
    piiCategories.length > 0 && piiCategories.length <= MAX_LIST,
    'processing.piiCategories',
    '1 to 64 categories',
  );
  need(isIntervalStep(processing.finestStep), 'processing.finestStep', 'a step such as P1D');
  need(
    Object.hasOwn(PLACE_CHARACTERS, processing.placeLevel),
    'processing.placeLevel',
    'none, region, town or street',
  );
  const isNamed = recipients === 'purchasers' || (recipients.length > 0 && recipients.length <= MAX_LIST);
  need(isNamed, 'processing.recipients', 'purchasers or 1 to 64 keys');
  need(isText(processing.licence), 'processing.licence', 'a licence');
  const areDates = DATE.test(processing.dataFrom) && DATE.test(processing.dataTo);
  need(areDates && processing.dataFrom <= processing.dataTo, 'processing.dataFrom', 'dates in order');
  need(
    Number.isSafeInteger(event.time) && event.validUntil > event.time,
    'event.validUntil',
    'a time after event.time',
  );
  need(isText(event.method), 'event.method', 'a text');
  if (!isNew) return;
  const { language, lawfulBasis, controller, privacyRights } = processing;
  need(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(language ?? ''), 'processing.language', 'a language tag');
  need(lawfulBasis === 'consent', 'processing.lawfulBasis', 'consent');
  need(/^[0-9a-f]{64}$/.test(controller?.id ?? ''), 'processing.controller.id', 'a public key');
  need(isText(controller?.name), 'processing.controller.name', 'a name');
  need(isText(controller?.contact), 'processing.controller.contact', 'a contact');
  need(isText(processing.collectionMethod), 'processing.collectionMethod', 'a text');
  need(isText(processing.storageLocation), 'processing.storageLocation', 'a text');
  need(isText(processing.withdrawalMethod), 'processing.withdrawalMethod', 'a text');
  const areRights =
    privacyRights !== undefined &&
    privacyRights.length > 0 &&
    privacyRights.length <= MAX_LIST &&
    privacyRights.every(isText);
  need(areRights, 'processing.privacyRights', '1 to 64 rights');
}

/**
 * A fresh record id.
 *
 * @param randomBytes - Gives as many random bytes as it is asked for: here 16.
 */
export function receiptId(randomBytes: (length: number) => Uint8Array): string {
  return bytesToHex(randomBytes(16));
}
