const KEY_BYTES = 32;

/**
 * Whether `key` is a u-coordinate below 2²⁵⁵−19 in its one encoding: 32 bytes, little-endian, highest bit clear. X25519
 * itself takes others and maps them to these (RFC 7748 §5), so that one key would have several names.
 */
export function isCanonicalX25519Key(key: Uint8Array): boolean {
  if (!(key instanceof Uint8Array) || key.length !== KEY_BYTES) return false;
  const highest = key[KEY_BYTES - 1] ?? 0;
  if (highest !== 0x7f) return highest < 0x7f;
  // Above 2²⁵⁵−20 only when all bytes between are 255 and the lowest is at least 237.
  return key.subarray(1, KEY_BYTES - 1).some((byte) => byte !== 0xff) || (key[0] ?? 0) < 0xed;
}
