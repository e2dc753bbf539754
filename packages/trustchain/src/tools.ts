/**
 * What looks at stored chains from outside: descriptions, checks from the bytes alone, CAR files. Nothing that a running
 * node needs, so that a page that does not show chains need not load it.
 *
 * @packageDocumentation
 */
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
export {
  type BlockDescription,
  type ChainDescription,
  type DescribeChainOptions,
  describeChain,
} from './inspect/describe-chain.ts';
export { chainGaps } from './inspect/gaps.ts';
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
  type CheckpointEntry,
  checkCheckpoint,
  checkpointDigest,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoints,
} from './prune/checkpoint.ts';
