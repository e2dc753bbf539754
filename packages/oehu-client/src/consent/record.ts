import { bytesToHex } from '@edmp/interface';
import type { ConsentEvent } from './event.ts';
import type { ConsentState } from './ledger.ts';
import type { ConsentReceipt } from './receipt.ts';

/** Some object of a consent record: texts, numbers, lists and objects. */
export type RecordJson =
  | string
  | number
  | boolean
  | null
  | readonly RecordJson[]
  | { readonly [field: string]: RecordJson };

/** One consent in the structure of ISO/IEC TS 27560:2023: header, processing, parties, events. */
export interface ConsentRecord {
  readonly record_header: {
    readonly schema_version: string;
    readonly record_id: string;
    readonly pii_principal_id: string;
  };
  readonly pii_processing: { readonly [field: string]: RecordJson };
  readonly party_identification: readonly { readonly [field: string]: RecordJson }[];
  readonly event: readonly { readonly [field: string]: RecordJson }[];
}

/** Consents as one document. */
export interface ConsentRecords {
  /** Names the structure and this document's version of it. */
  readonly structure: 'ISO/IEC TS 27560:2023';
  readonly schema_version: 'edmp/consent-records/1';
  /** When the document was made, RFC 3339. */
  readonly exported: string;
  readonly records: readonly ConsentRecord[];
}

const DAY_MS = 86_400_000;
const iso = (at: number): string => new Date(at).toISOString();

/** ISO 8601 duration, exact to the millisecond: the receipt that was signed can be put together from it. */
function durationOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const rest = ms % DAY_MS;
  return `P${days}D${rest === 0 ? '' : `T${rest / 1000}S`}`;
}

/**
 * Consents as JSON in the structure of ISO/IEC TS 27560:2023, for the owner to keep or hand on: for each the record
 * header, the processing that was agreed to, the parties, and the events with their signatures. Field names were taken from
 * what others publish of the specification; no conformance to its text is claimed. Salts are not in it.
 *
 * @param states - As a ledger gives them.
 * @param exportedAt - When the document is made, ms since the epoch.
 */
export function consentRecords(states: readonly ConsentState[], exportedAt: number): ConsentRecords {
  return {
    structure: 'ISO/IEC TS 27560:2023',
    schema_version: 'edmp/consent-records/1',
    exported: iso(exportedAt),
    records: states.map(recordOf),
  };
}

function recordOf(state: ConsentState): ConsentRecord {
  const { header } = state.receipt;
  return {
    record_header: {
      schema_version: header.schemaVersion,
      record_id: header.recordId,
      pii_principal_id: header.piiPrincipalId,
    },
    pii_processing: processingOf(state.receipt, bytesToHex(state.digest)),
    party_identification: partiesOf(state.receipt),
    event: eventsOf(state),
  };
}

function processingOf(
  { processing }: ConsentReceipt,
  digest: string,
): { readonly [field: string]: RecordJson } {
  const { recipients } = processing;
  return {
    privacy_notice: processing.privacyNotice,
    language: processing.language ?? null,
    purposes: processing.purposes.map((purpose) => ({
      purpose,
      purpose_type: 'primary',
      lawful_basis: processing.lawfulBasis ?? null,
      pii_information: processing.piiCategories.map(({ commodity, flow }) => ({
        pii_type: `${commodity} ${flow}`,
        pii_attributes: {
          finest_step: processing.finestStep,
          first_day: processing.dataFrom,
          last_day: processing.dataTo,
          place: processing.placeLevel,
          household_class: processing.household,
        },
        pii_optional: false,
        // Load curves tell habits, but are no special category of GDPR article 9.
        sensitive_pii_category: true,
        special_pii_category: false,
      })),
      pii_controllers: processing.controller === undefined ? [] : [processing.controller.id],
      collection_method: processing.collectionMethod ?? null,
      processing_method: 'sold as an encrypted copy to whoever pays; the listing describes it to everybody',
      storage_locations: processing.storageLocation === undefined ? [] : [processing.storageLocation],
      retention_period: processing.retentionPeriod,
      jurisdictions: [processing.jurisdiction],
      recipient_third_parties: recipients === 'purchasers' ? ['purchasers'] : [...recipients],
      withdrawal_method: processing.withdrawalMethod ?? null,
      privacy_rights: [...(processing.privacyRights ?? [])],
      licence: processing.licence,
    })),
    // What the listing carries in place of this record.
    published_digest: { algorithm: 'HMAC-SHA-256, salt withheld', value: digest },
  };
}

function partiesOf({ header, processing }: ConsentReceipt): { readonly [field: string]: RecordJson }[] {
  const principal = { party_id: header.piiPrincipalId, party_type: 'pii_principal', party_name: 'withheld' };
  const { controller } = processing;
  if (controller === undefined) return [principal];
  const { id, name, contact } = controller;
  return [
    principal,
    { party_id: id, party_type: 'pii_controller', party_name: name, party_contact: contact },
  ];
}

function eventsOf({
  receipt,
  withdrawnAt,
  events,
}: ConsentState): { readonly [field: string]: RecordJson }[] {
  const { event } = receipt;
  const signed = (name: ConsentEvent['state']): ConsentEvent | undefined =>
    events.find(({ state }) => state === name);
  const given = {
    event_time: iso(event.time),
    validity_duration: durationOf(event.validUntil - event.time),
    ...eventFields('explicit', 'given', event.method, signed('given')),
  };
  if (withdrawnAt === null) return [given];
  const withdrawal = signed('withdrawn');
  return [
    given,
    {
      event_time: iso(withdrawnAt),
      ...eventFields('explicit', 'withdrawn', withdrawal?.method ?? 'explicit', withdrawal),
    },
  ];
}

function eventFields(
  type: string,
  state: ConsentEvent['state'],
  method: string,
  signed: ConsentEvent | undefined,
): { readonly [field: string]: RecordJson } {
  return {
    event_type: type,
    event_state: state,
    event_method: method,
    entity_id: signed?.entity ?? null,
    // Everything that a verifier needs to put the signed bytes together again.
    signature:
      signed === undefined
        ? null
        : {
            algorithm: 'Ed25519',
            over: 'edmp/consent-event/1',
            receipt_sha256: signed.receipt,
            time: signed.time,
            value: signed.signature,
          },
  };
}
