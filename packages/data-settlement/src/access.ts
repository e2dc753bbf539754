/**
 * Who may read sealed blocks: peers by the trades that they are party to, others by a capability for one trade.
 *
 * @packageDocumentation
 */
export {
  type CapabilityScope,
  type SealedAccess,
  type SealedAccessOptions,
  sealedAccess,
} from './access/sealed-access.ts';
