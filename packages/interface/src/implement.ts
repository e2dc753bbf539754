/**
 * For implementers of the ports of `@edmp/interface`: the checks that every provider and store makes alike.
 *
 * @packageDocumentation
 */
export { ONLY_FRAME, type OnlyFrame } from './collect.ts';
export { isCurvePoint } from './crypto/curve-point.ts';
export { authenticationError, expectBytes, expectLength, lowOrderError } from './crypto/errors.ts';
export { isAcceptablePublicKey, isAcceptableSignature } from './crypto/strict-ed25519.ts';
export { defer } from './environment/defer.ts';
export {
  expectChanges,
  expectKey,
  expectKeyRange,
  MAX_ENTRIES_AT_ONCE,
  MAX_KEY_LENGTH,
} from './key-value-store.ts';
