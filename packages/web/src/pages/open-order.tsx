import type { ListingView, OrderView, WalletView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { useNode } from '../state/node.ts';
import { asideText } from '../text/aside.ts';
import { formatTime, shortId } from '../text/format.ts';
import { formatMoney } from '../text/money.ts';

/** An order of this node that stands on the market, and the way to take it back. */
export function OpenOrder(props: {
  readonly order: OrderView;
  readonly listing: ListingView | undefined;
  readonly wallets: readonly WalletView[];
}): VNode {
  const { order } = props;
  const { client, refresh, say } = useNode();
  const [error, setError] = useState<unknown>(undefined);
  const name = props.listing?.descriptor.title ?? shortId(order.asset);
  const cancel = async (): Promise<void> => {
    try {
      await client.cancel(order.order);
      say(
        order.side === 'ask'
          ? 'The offer is off the market. Your consent stays until you withdraw it.'
          : 'The bid is withdrawn',
      );
      refresh();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <li>
      <div>
        <strong>
          {order.side === 'ask' ? 'Offer' : 'Bid'}: {name}
        </strong>
        <span class="sub">
          {formatMoney(order.price, styleOf(props.wallets, order.currency))}, {order.filled} of{' '}
          {order.quantity} {order.side === 'ask' ? 'sold' : 'bought'}, until {formatTime(order.expires)}
        </span>
        {order.aside.slice(-1).map((aside) => (
          <span key={aside.ask} class="sub">
            {asideText(aside)}
          </span>
        ))}
        <Problem error={error} />
      </div>
      <button type="button" class="btn" onClick={() => void cancel()}>
        {order.side === 'ask' ? 'Stop selling' : 'Withdraw'}
        <span class="vh"> {name}</span>
      </button>
    </li>
  );
}

/** How amounts of a currency are written. */
export function styleOf(
  wallets: readonly WalletView[],
  currency: string,
): { readonly id: string; readonly precision: number } {
  return wallets.find((wallet) => wallet.id === currency) ?? { id: currency, precision: 0 };
}
