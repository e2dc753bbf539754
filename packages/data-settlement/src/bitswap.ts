/**
 * Bitswap 1.2 on a libp2p node: serves blocks to peers that may have them, and fetches blocks from peers.
 *
 * @packageDocumentation
 */
export { type Bitswap, type BitswapOptions, startBitswap } from './bitswap/bitswap.ts';
export type { BitswapReaderOptions } from './bitswap/client.ts';
export type { BitswapConnection, BitswapLibp2p, BitswapStream } from './bitswap/libp2p.ts';
export {
  BITSWAP_PROTOCOL,
  type BitswapMessage,
  type BlockPresence,
  decodeBitswapMessage,
  encodeBitswapMessage,
  type PayloadBlock,
  type WantEntry,
} from './bitswap/message.ts';
