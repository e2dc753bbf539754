import { equalBytes, type Network, type PeerEvent, systemEnvironment } from '@edmp/interface';
import { webCrypto } from '@edmp/interface/crypto/web';
import { networkSuite } from '@edmp/testing';
import { keyOfPeerId, type Libp2pNetwork, libp2pNetwork } from '@edmp/trustchain/libp2p';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { peerIdFromString } from '@libp2p/peer-id';
import { webSockets } from '@libp2p/websockets';
import { inject } from 'vitest';
import { connectAll } from '../network/support.ts';

const environment = systemEnvironment();
const crypto = webCrypto();
const relay = inject('relay');
const relayKey = keyOfPeerId(peerIdFromString(relay.split('/').at(-1) ?? ''));
const isRelay = (peer: Network['self']): boolean => equalBytes(peer, relayKey);

/** The network of a page without the relay among its peers, who takes part in nothing. */
function beyondRelay(network: Libp2pNetwork): Network {
  return {
    ...network,
    self: network.self,
    peers: () => network.peers().filter((peer) => !isRelay(peer)),
    onPeer: (listener: (event: PeerEvent) => void) =>
      network.onPeer((event) => {
        if (!isRelay(event.peer)) listener(event);
      }),
    [Symbol.asyncDispose]: () => network.stop(),
  };
}

/** Waits until the relay told everybody's address. */
async function reachable(networks: readonly Network[]): Promise<void> {
  while (networks.some((network) => network.addresses().length === 0))
    await new Promise((resolve) => setTimeout(resolve, 5));
}

networkSuite({
  name: 'libp2p in a page, through a relay over WebSockets',
  async create(count, topology) {
    const networks = Array.from({ length: count }, () =>
      beyondRelay(
        libp2pNetwork({
          environment,
          crypto,
          secretKey: environment.randomBytes(32),
          listen: [],
          relays: [relay],
          transports: [webSockets(), circuitRelayTransport()],
        }),
      ),
    );
    await Promise.all(networks.map((network) => network.start()));
    await reachable(networks);
    await connectAll(networks, topology);
    return {
      networks,
      environment,
      close: async () => {
        await Promise.all(networks.map((network) => network.stop()));
      },
    };
  },
});
