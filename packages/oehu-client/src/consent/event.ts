import {
  bytesToHex,
  type Crypto,
  equalBytes,
  hexToBytes,
  publicKeyFromHex,
  type Signature,
  type Signer,
  utf8ToBytes,
} from '@edmp/interface';
import { type ConsentReceipt, canonical } from './receipt.ts';

/** What happens to a consent. */
export const CONSENT_STATES = ['given', 'withdrawn'] as const;
/** One of {@link CONSENT_STATES}. */
export type ConsentStateName = (typeof CONSENT_STATES)[number];

/** Something that happened to a consent, signed by its owner. */
export interface ConsentEvent {
  /** Receipt concerned. */
  readonly recordId: string;
  readonly state: ConsentStateName;
  /** Ms since the epoch, by the owner's clock. */
  readonly time: number;
  /** How it was done, e.g. `explicit, by listing these days for sale`. */
  readonly method: string;
  /** SHA-256 of the canonical receipt, hexadecimal: what was given or withdrawn, to the letter. */
  readonly receipt: string;
  /** Public key of the owner, hexadecimal. */
  readonly entity: string;
  /** Ed25519 signature over {@link consentEventBytes}, hexadecimal. */
  readonly signature: string;
}

/** What an event says, without its signature. */
export type UnsignedConsentEvent = Omit<ConsentEvent, 'signature'>;

/**
 * The bytes that an event's signature is made over: `edmp/consent-event/1`, a line feed, and the event as JSON with sorted
 * keys and no white space, in UTF-8.
 *
 * @param event - An event with or without its signature, which is left out.
 */
export function consentEventBytes(event: UnsignedConsentEvent): Uint8Array {
  const { recordId, state, time, method, receipt, entity } = event;
  return utf8ToBytes(
    `edmp/consent-event/1\n${canonical({ recordId, state, time, method, receipt, entity })}`,
  );
}

/** Options of {@link signConsentEvent}. */
export interface SignConsentEventOptions {
  readonly receipt: ConsentReceipt;
  readonly state: ConsentStateName;
  /** Ms since the epoch. */
  readonly time: number;
  readonly method: string;
  /** Signs with the owner's key. */
  readonly signer: Signer;
  readonly crypto: Pick<Crypto, 'sha256'>;
}

/** Signs what happened to a consent. Throws what the signer throws. */
export async function signConsentEvent(options: SignConsentEventOptions): Promise<ConsentEvent> {
  const { receipt, state, time, method, signer, crypto } = options;
  const event: UnsignedConsentEvent = {
    recordId: receipt.header.recordId,
    state,
    time,
    method,
    receipt: receiptHash(receipt, crypto),
    entity: bytesToHex(signer.publicKey),
  };
  return { ...event, signature: bytesToHex(await signer.sign(consentEventBytes(event))) };
}

/** Whether an event is about this receipt, to the letter, and signed by the key that it names. Never throws. */
export function verifyConsentEvent(
  event: ConsentEvent,
  receipt: ConsentReceipt,
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): boolean {
  try {
    if (event.recordId !== receipt.header.recordId) return false;
    if (!equalBytes(hexToBytes(event.receipt), hexToBytes(receiptHash(receipt, crypto)))) return false;
    const signature = hexToBytes(event.signature) as Signature;
    return crypto.ed25519Verify(signature, consentEventBytes(event), publicKeyFromHex(event.entity));
  } catch {
    return false;
  }
}

function receiptHash(receipt: ConsentReceipt, crypto: Pick<Crypto, 'sha256'>): string {
  return bytesToHex(crypto.sha256(utf8ToBytes(canonical(receipt))));
}
