import { ctr, gcm } from '@noble/ciphers/aes.js';
import { MeterError } from '../../../errors.ts';
import { lengthAt } from './length.ts';

/** Keys of a meter whose customer port is encrypted, as the grid operator gives them on request. */
export interface MeterKeys {
  /** Encryption key, 32 hexadecimal characters. */
  readonly encryption: string;
  /**
   * Authentication key, 32 hexadecimal characters, for meters that authenticate too. Not given: the one that the smart
   * meters of Luxembourg all have, which their operator publishes.
   */
  readonly authentication?: string;
}

/** Smarty customer port specification of Luxembourg, §3.2.5: the authentication key of all meters. */
const LUXEMBOURG_AUTHENTICATION = '00112233445566778899AABBCCDDEEFF';
const KEY = /^[0-9A-Fa-f]{32}$/;
const TAG_BYTES = 12;
const ENCRYPTED = 0x20;
const AUTHENTICATED = 0x10;
const COMPRESSED = 0x80;

/**
 * Keys as people write them: the encryption key, or that and the authentication key with a colon between; each 32
 * hexadecimal characters. Throws `ERR_METER_FORMAT` for anything else.
 *
 * @param text - What the owner wrote; white space around it and around the colon does not count.
 */
export function meterKeys(text: string): MeterKeys {
  const [encryption = '', authentication, ...more] = text.trim().split(/\s*[:\s]\s*/);
  const keys = { encryption, ...(authentication === undefined ? {} : { authentication }) };
  if (more.length > 0 || ![encryption, authentication ?? encryption].every((key) => KEY.test(key))) {
    throw new MeterError(
      'ERR_METER_FORMAT',
      'Expected the key of the meter as 32 hexadecimal characters, and an authentication key after a colon',
    );
  }
  return keys;
}

function keyBytes(text: string, what: string): Uint8Array {
  if (!KEY.test(text)) {
    throw new MeterError('ERR_METER_FORMAT', `Expected the ${what} as 32 hexadecimal characters`);
  }
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Opens a general-glo-ciphering APDU: AES-128 in Galois/Counter mode, security suites 0 and 1 (Green Book 9.2.7.2.4,
 * NIST SP 800-38D). Nonce: system title and frame counter. The tag of 12 bytes is checked where the meter sends one.
 * Throws `ERR_METER_CHECKSUM` when a key does not fit and `ERR_METER_FORMAT` when it is no such APDU or no key.
 */
export function decipher(apdu: Uint8Array, keys: MeterKeys | undefined): Uint8Array {
  const title = lengthAt(apdu, 1);
  if (title?.length !== 8) throw malformed('no system title of 8 bytes');
  const body = lengthAt(apdu, title.from + 8);
  if (body === undefined || body.length < 6 || body.from + body.length !== apdu.length) {
    throw malformed('a length that does not fit');
  }
  const security = apdu[body.from] ?? 0;
  if ((security & ENCRYPTED) === 0 || (security & 15) > 1 || (security & COMPRESSED) !== 0) {
    throw malformed(
      `the security control ${security.toString(16)}, of which only encryption by suite 0 or 1 is read`,
    );
  }
  if (keys === undefined) {
    throw new MeterError(
      'ERR_METER_FORMAT',
      'The meter encrypts what it tells; give the key that its grid operator hands out: --key-file of `meter read`, --token-file of `meter add` and `meter import`, Key on the page',
    );
  }
  const key = keyBytes(keys.encryption, 'encryption key');
  const nonce = new Uint8Array(12);
  nonce.set(apdu.subarray(title.from, title.from + 8));
  nonce.set(apdu.subarray(body.from + 1, body.from + 5), 8);
  const isAuthenticated = (security & AUTHENTICATED) !== 0;
  const sealed = apdu.subarray(body.from + 5, apdu.length - (isAuthenticated ? TAG_BYTES : 0));
  if (sealed.length === 0 || body.length < (isAuthenticated ? 5 + TAG_BYTES : 5))
    throw malformed('nothing inside');
  // The counter of the first block of text is 2.
  const counter = new Uint8Array(16);
  counter.set(nonce);
  counter[15] = 2;
  const opened = ctr(key, counter).decrypt(sealed);
  if (isAuthenticated) {
    const authentication = keyBytes(keys.authentication ?? LUXEMBOURG_AUTHENTICATION, 'authentication key');
    const known = new Uint8Array(17);
    known[0] = security;
    known.set(authentication, 1);
    const tag = gcm(key, nonce, known)
      .encrypt(opened)
      .subarray(sealed.length, sealed.length + TAG_BYTES);
    const told = apdu.subarray(apdu.length - TAG_BYTES);
    let difference = 0;
    for (let i = 0; i < TAG_BYTES; i++) difference |= (tag[i] ?? 0) ^ (told[i] ?? 0);
    if (difference !== 0) throw wrongKey('its tag does not fit');
  }
  return opened;
}

/** The error for a text that another key must have made. */
export function wrongKey(why: string): MeterError {
  return new MeterError(
    'ERR_METER_CHECKSUM',
    `The encrypted telegram cannot be opened: ${why}; is the key that of this meter?`,
  );
}

function malformed(what: string): MeterError {
  return new MeterError('ERR_METER_FORMAT', `Expected a ciphered telegram, found ${what}`);
}
