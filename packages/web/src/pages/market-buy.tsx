import type { ListingView, WalletView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Facts, Problem } from '../components/bits.tsx';
import { Dialog } from '../components/dialog.tsx';
import { useNode } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatMoney } from '../text/money.ts';

/** Asks once more before money moves. */
export function BuyDialog(props: {
  readonly listing: ListingView;
  readonly wallets: readonly WalletView[];
  /** It is not for sale any more. */
  readonly isGone: boolean;
  readonly onClose: () => void;
}): VNode {
  const { listing } = props;
  const { client, refresh } = useNode();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const wallet = props.wallets.find((candidate) => candidate.id === listing.currency);
  const style = wallet ?? {
    id: listing.currency,
    symbol: listing.currencyLabel,
    precision: 0,
  };
  const price = formatMoney(listing.price, style);
  const values = listing.descriptor.count - listing.descriptor.gaps;
  const enough = wallet !== undefined && wallet.available >= listing.price;

  const buy = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await client.buy({ asset: listing.asset, price: listing.price, currency: listing.currency });
      refresh();
      props.onClose();
      location.hash = linkTo('deals');
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={`Buy “${listing.descriptor.title}”?`}
      isGone={props.isGone && !busy}
      onClose={props.onClose}
    >
      <Facts
        facts={[
          ['You pay', price],
          [
            'You get',
            `${values === 1 ? 'One value' : `${values} values`} and a licence (${listing.descriptor.licence})`,
          ],
          ...(wallet === undefined
            ? []
            : ([
                [
                  'Your money',
                  `${formatMoney(wallet.available, wallet)} now${enough ? `, ${formatMoney(wallet.available - listing.price, wallet)} after` : ''}`,
                ],
              ] as const)),
        ]}
      />
      <ol class="plain-steps">
        <li>The seller sends the data, locked. Your node checks that it fits the offer.</li>
        <li>Only then your money is set aside. It is not paid yet.</li>
        <li>The seller hands over the key. Your node opens the data, and the payment becomes final.</li>
      </ol>
      <p class="hint">
        If the key does not come in time, or does not open what was promised, your money comes back.
      </p>
      {!enough && (
        <p class="problem">
          {wallet === undefined
            ? `You have no ${listing.currencyLabel} wallet.`
            : `You have ${formatMoney(wallet.available, wallet)} free, which is not enough.`}
        </p>
      )}
      <Problem error={error} />
      <p class="row row-end">
        <button type="button" class="btn" onClick={props.onClose}>
          Not now
        </button>
        <button type="button" class="btn go" disabled={busy || !enough} onClick={() => void buy()}>
          {busy ? 'Placing the bid…' : `Buy for ${price}`}
        </button>
      </p>
    </Dialog>
  );
}
