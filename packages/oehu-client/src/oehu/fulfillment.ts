import { type Crypto, concatBytes, equalBytes } from '@edmp/interface';

// DER of the crypto-condition ed25519-sha-256 (draft-thomas-crypto-conditions §8.5): A4 64 | 80 20 key | 81 40 signature.
const HEAD = Uint8Array.of(0xa4, 0x64, 0x80, 0x20);
const MIDDLE = Uint8Array.of(0x81, 0x40);
const FINGERPRINT_HEAD = Uint8Array.of(0x30, 0x22, 0x80, 0x20);
const LENGTH = 102;
const TEXT_LENGTH = 136;

/** The key and signature inside an ed25519-sha-256 fulfillment. */
export interface Fulfillment {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** Why a text is no usable fulfillment. */
export type FulfillmentFault = 'length' | 'characters' | 'type' | 'layout';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64url without padding (RFC 4648 §5). */
export function base64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const characters = Math.min(4, bytes.length - i + 1);
    for (let c = 0; c < characters; c++) text += BASE64URL[(word >>> (18 - 6 * c)) & 63];
  }
  return text;
}

/** Exactly 102 bytes of an unpadded base64url text of 136 characters, which encodes no spare bits. */
function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(LENGTH);
  for (let i = 0, out = 0; i < TEXT_LENGTH; i += 4) {
    let word = 0;
    for (let c = 0; c < 4; c++) {
      const index = BASE64URL.indexOf(text[i + c] ?? '=');
      if (index < 0) return undefined;
      word = (word << 6) | index;
    }
    bytes[out++] = (word >>> 16) & 255;
    bytes[out++] = (word >>> 8) & 255;
    bytes[out++] = word & 255;
  }
  return bytes;
}

/** Parses a fulfillment strictly; only the type that OEHU devices use is accepted, everything else names its fault. */
export function parseFulfillment(text: string): Fulfillment | FulfillmentFault {
  if (text.length !== TEXT_LENGTH) return 'length';
  const bytes = fromBase64Url(text);
  if (bytes === undefined) return 'characters';
  if (bytes[0] !== HEAD[0]) return 'type';
  if (!equalBytes(bytes.subarray(0, 4), HEAD) || !equalBytes(bytes.subarray(36, 38), MIDDLE)) return 'layout';
  return { publicKey: bytes.slice(4, 36), signature: bytes.slice(38) };
}

/** URI of the condition that only `publicKey` fulfils. */
export function conditionUri(publicKey: Uint8Array, crypto: Crypto): string {
  const fingerprint = crypto.sha256(concatBytes(FINGERPRINT_HEAD, publicKey));
  return `ni:///sha-256;${base64Url(fingerprint)}?fpt=ed25519-sha-256&cost=131072`;
}
