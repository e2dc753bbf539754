import { type Environment, type Network, publicKeyToHex, type Trustchain } from '@edmp/interface';
import type { Market } from '@edmp/market';
import type { MeterMounts } from '../../meters/meter-mounts.ts';
import type { NodeEvent } from '../../service.ts';
import type { CurrencyNames } from '../views.ts';

/** What {@link nodeEvents} listens to. */
export interface EventNeeds {
  readonly environment: Environment;
  readonly market: Market;
  readonly mounts: Pick<MeterMounts, 'on'>;
  readonly network: Network;
  readonly trustchain: Trustchain;
  readonly names: CurrencyNames;
}

/** What happens in a node, in one stream. */
export function nodeEvents(needs: EventNeeds): (listener: (event: NodeEvent) => void) => () => void {
  const { environment, market, mounts, network, trustchain, names } = needs;
  return (listener) => {
    const emit = (type: NodeEvent['type'], id: string, text: string): void =>
      listener({ type, at: environment.now(), id, text });
    const ends = [
      market.on((event) => {
        if (event.type === 'order') {
          emit(
            'order',
            event.order.id.toString(),
            `Your ${event.order.side} of ${event.order.asset.slice(0, 14)}… is ${event.order.status}`,
          );
        } else if (event.type === 'listing') {
          emit(
            'listing',
            event.listing.order.toString(),
            `Listing ${event.change}: ${event.listing.document.descriptor.title}`,
          );
        } else if (event.type === 'trade') {
          const reason = event.trade.failure === undefined ? '' : `: ${event.trade.failure.reason}`;
          emit('trade', event.trade.id, `Trade is ${event.trade.state}${reason}`);
        } else if (event.type === 'wallet') {
          emit('wallet', event.currency, `The balance in ${names(event.currency)} changed`);
        }
      }),
      mounts.on((event) => emit('meter', event.meter, event.text)),
      network.onPeer((event) => emit('peer', publicKeyToHex(event.peer), `Peer ${event.type}`)),
      trustchain.on((event) => {
        if (event.type === 'fraud') emit('fraud', publicKeyToHex(event.author), 'Fraud proven');
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  };
}
