import type { VNode } from 'preact';
import { Empty, Loading, Problem } from '../components/bits.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { isRunning } from '../text/expiry.ts';
import { t } from '../words/index.ts';
import { OpenOrder } from './open-order.tsx';

/** What this node offers now. */
export function OwnOffersPage(): VNode {
  const now = useNode().now();
  const orders = useResource('orders', (client) => client.orders(), ['order', 'trade', 'listing']);
  const wallets = useResource('wallets', (client) => client.wallets(), ['wallet', 'trade', 'order']);
  const listings = useResource('own-listings', (client) => client.listings({ limit: 1000 }), [
    'listing',
    'order',
  ]);
  if (orders.value === undefined)
    return orders.error === undefined ? (
      <Loading what={t('offers.what')} />
    ) : (
      <Problem error={orders.error} />
    );
  const open = orders.value.filter(
    (order) =>
      order.side === 'ask' &&
      order.status === 'open' &&
      order.filled + order.reserved < order.quantity &&
      isRunning(order, now),
  );
  return (
    <>
      <div class="head">
        <div>
          <h1>{t('tab.offers')}</h1>
          <p>{t('offers.text')}</p>
        </div>
        <a class="btn go" href={linkTo('offer')}>
          {t('tab.offer')}
        </a>
      </div>
      {open.length === 0 ? (
        <Empty title={t('offers.none')}>
          <p>{t('offers.none.text')}</p>
        </Empty>
      ) : (
        <section class="card" aria-label={t('tab.offers')}>
          <ul class="orders">
            {open.map((order) => (
              <OpenOrder
                key={order.order}
                order={order}
                listing={(listings.value ?? []).find(({ asset }) => asset === order.asset)}
                wallets={wallets.value ?? []}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
