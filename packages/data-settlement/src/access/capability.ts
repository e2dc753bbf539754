import { bytesToHex, type Crypto, concatBytes, utf8ToBytes } from '@edmp/interface';
import { base32 } from 'multiformats/bases/base32';

/** Start of a trade's id in a capability, bytes: finds the trade. */
const TRADE_BYTES = 10;
/** Authentication code in a capability, bytes: 128 bits are not to be guessed. */
const MAC_BYTES = 16;
const FORM = /^[a-z2-7]{42}$/;

/**
 * Text that lets its holder read the sealed blocks of one trade: 42 characters of base32, so that it fits a label of a
 * host name as well as a URL and an `Authorization` header. The start of the trade's id, and a code over the whole id.
 */
export function capabilityOf(
  crypto: Pick<Crypto, 'hmacSha256'>,
  key: Uint8Array,
  tradeId: Uint8Array,
): string {
  const mac = crypto.hmacSha256(key, concatBytes(utf8ToBytes('edmp/content-capability/v1'), tradeId));
  return base32.baseEncode(concatBytes(tradeId.subarray(0, TRADE_BYTES), mac.subarray(0, MAC_BYTES)));
}

/** Start of the trade's id, hex, that a text names; undefined when it has not the form of a capability. */
export function tradeOfCapability(text: string): string | undefined {
  if (!FORM.test(text)) return undefined;
  const bytes = base32.baseDecode(text);
  return base32.baseEncode(bytes) === text ? bytesToHex(bytes.subarray(0, TRADE_BYTES)) : undefined;
}
