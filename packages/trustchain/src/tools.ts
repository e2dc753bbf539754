/**
 * What looks at stored chains from outside: descriptions, checks from the bytes alone, CAR files. Nothing that a running
 * node needs, so that a page that does not show chains need not load it.
 *
 * @packageDocumentation
 */

export { checkCoreFields } from './block/core-rules.ts';
export { BLOCK_VERSION, MAX_CLOCK_AHEAD_MS } from './block/limits.ts';
export { HALF_BLOCK_DOMAIN } from './block/signature.ts';
export {
  CHAIN_CAR_FORMAT,
  type ChainCarItem,
  type ExportChainOptions,
  exportChainCar,
  type ImportReport,
  importChainCar,
  readChainCar,
} from './car/chain-car.ts';
export { CarError } from './car/errors.ts';
export { MAX_BRANCHES } from './chain/admission.ts';
export { MAX_PROOFS_PER_AUTHOR } from './chain/fraud-register.ts';
export { MAX_SLOT_LENGTH } from './fraud/slot.ts';
export {
  type BlockDescription,
  type ChainDescription,
  type DescribeChainOptions,
  describeChain,
} from './inspect/describe-chain.ts';
export { type ChainExtent, chainExtent, chainGaps, type PositionRange } from './inspect/gaps.ts';
export { type BlockKind, blockKind } from './inspect/kind.ts';
export type { UnreadablePosition } from './inspect/readable-pages.ts';
export {
  type ChainFinding,
  type ChainReport,
  type UnreadableRow,
  type VerifyChainOptions,
  verifyChain,
} from './inspect/verify-chain.ts';
export {
  CHECKPOINT_TYPE,
  type CheckpointEntry,
  checkCheckpoint,
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoints,
} from './prune/checkpoint.ts';
export { neighbourhoodLevel } from './validation/level.ts';
