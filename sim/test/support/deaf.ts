import type { Network } from '../../../packages/interface/src/index.ts';
import { RECONCILE_PROTOCOL } from '../../../packages/trustchain/src/protocol/gossip/reconcile-messages.ts';
import { FRAUD_TOPIC, HEADS_TOPIC } from '../../../packages/trustchain/src/protocol.ts';

const SECRETS: readonly string[] = [FRAUD_TOPIC, HEADS_TOPIC, RECONCILE_PROTOCOL];

/** A bug on purpose: hears of no fork, follows no topic, and compares with nobody. */
export function deaf(network: Network): Network {
  const changed: Partial<Network> = {
    subscribe: (topic, handler) =>
      SECRETS.includes(topic) ? () => undefined : network.subscribe(topic, handler),
    request(peer, protocol, body, options) {
      if (SECRETS.includes(protocol)) throw new Error('deaf');
      return network.request(peer, protocol, body, options);
    },
  };
  return new Proxy(network, {
    get: (target, name): unknown => Reflect.get(changed, name) ?? Reflect.get(target, name),
  });
}
