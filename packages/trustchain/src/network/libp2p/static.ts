/**
 * What `@edmp/trustchain/libp2p` exports, with static imports of the optional peers: the entry imports it when it is
 * loaded, and bundlers for browsers get it instead of the entry and say themselves what is missing.
 *
 * @packageDocumentation
 */
export { encodeFrame, frameDecoder } from '../framing.ts';
export { addressScope } from './host.ts';
export { libp2pNetwork } from './network.ts';
export { keyOfPeerId, peerIdOfKey } from './peer-identity.ts';
export { relayServer } from './relay-server.ts';
