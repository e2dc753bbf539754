/**
 * Content stores of sealed data, CIDs, CAR files and the protocol between nodes.
 *
 * @packageDocumentation
 */
export {
  cidOf,
  cidOfDigest,
  expectSupportedCid,
  isSupportedCid,
  MAX_CONTENT_BLOCK_BYTES,
  MAX_READ_BYTES,
  verifyBlock,
} from './codec/cid.ts';
export { type BlockBytes, type BlockstoreLike, blockstoreContentStore } from './store/blockstore.ts';
export {
  type CarBlock,
  type ExportCarOptions,
  exportCar,
  type ImportCarOptions,
  importCar,
  isIntact,
  readCar,
} from './store/car.ts';
export {
  type BlockInput,
  type BlockPair,
  type ContentBlockstore,
  contentBlockstore,
} from './store/content-blockstore.ts';
export {
  CONTENT_PROTOCOL,
  type ContentRequest,
  decodeContentRequest,
  encodeContentRequest,
  FrameStatus,
  MAX_CONTENT_REQUEST_BYTES,
  MAX_WANTED_BLOCKS,
} from './store/content-protocol.ts';
export type { IndexedStoreOptions } from './store/indexed.ts';
export { type KuboFetch, type KuboOptions, kuboContentStore } from './store/kubo.ts';
export { layeredContentStore } from './store/layered.ts';
export { linksOf } from './store/links.ts';
export { type BulkContentReader, isBulkReader } from './store/network.ts';
