import { generateKeyPair } from '@libp2p/crypto/keys';
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

/** A libp2p node as somebody else might run it. */
export interface RawNode {
  readonly libp2p: Libp2p;
  readonly pubsub: GossipSub;
  address(): string;
  parse(address: string): Multiaddr;
  stop(): Promise<void>;
}

/** A started libp2p node that knows nothing of this project's protocols. It dials from `from.localAddress`, as it is then. */
export async function rawNode(
  keyType: 'Ed25519' | 'secp256k1' = 'Ed25519',
  from: { readonly localAddress: string } = { localAddress: '127.0.0.1' },
): Promise<RawNode> {
  const libp2p = await createLibp2p({
    privateKey: await (keyType === 'Ed25519' ? generateKeyPair('Ed25519') : generateKeyPair('secp256k1')),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    // Not in the type of the options, but handed on to the socket.
    transports: [tcp({ dialOpts: from as object })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      pubsub: gossipsub({ globalSignaturePolicy: StrictNoSign, allowPublishToZeroTopicPeers: true }),
    },
  });
  return {
    libp2p: libp2p as unknown as Libp2p,
    pubsub: libp2p.services.pubsub,
    address: () => libp2p.getMultiaddrs()[0]!.toString(),
    parse: multiaddr,
    stop: async () => libp2p.stop(),
  };
}
