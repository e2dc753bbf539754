/**
 * A {@link @edmp/interface!index.Network} over libp2p. The `libp2p` and `@libp2p/*` packages are optional peers of this
 * package: install those that `peerDependencies` lists to use this entry.
 *
 * @packageDocumentation
 */
export {
  encodeFrame,
  type Frame,
  type FrameDecoder,
  type FrameKind,
  frameDecoder,
} from './network/framing.ts';
export { type Libp2pNetwork, libp2pNetwork } from './network/libp2p/network.ts';
export type { EdmpLibp2p } from './network/libp2p/node.ts';
export type { Libp2pNetworkOptions, Libp2pTransport } from './network/libp2p/options.ts';
export { keyOfPeerId, peerIdOfKey } from './network/libp2p/peer-identity.ts';
