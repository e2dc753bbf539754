import type { DeliveryView, TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Empty, Facts, Loading, Problem } from '../components/bits.tsx';
import { Chart } from '../components/chart.tsx';
import { useNameOf } from '../components/who.tsx';
import { useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { usePurchaseTitles } from '../state/titles.ts';
import { formatDays, formatPlace, formatTime } from '../text/format.ts';
import { attestation, householdName, kindName, purposeName } from '../text/words.ts';

/** Bought data: curve, table, downloads. */
export function PurchasesPage({ object: selected }: { readonly object: string }): VNode {
  const trades = useResource('trades', (client) => client.trades());
  const titles = usePurchaseTitles(trades.value ?? []);
  if (trades.value === undefined) {
    return trades.error === undefined ? <Loading what="your purchases" /> : <Problem error={trades.error} />;
  }
  const bought = trades.value
    .filter((trade) => trade.role === 'buyer' && trade.final && trade.failed === null)
    .sort((a, b) => b.updated - a.updated);
  const shown = bought.find((trade) => trade.id === selected) ?? bought[0];
  if (shown === undefined) {
    return (
      <Empty title="You have not bought anything yet">
        <p>
          Bought data appears here when its deal is done. Look on the <a href={linkTo('market')}>market</a>.
        </p>
      </Empty>
    );
  }
  return (
    <div class="stack">
      {bought.length > 1 && (
        <nav class="chips" aria-label="Purchases">
          {bought.map((trade) => (
            <a
              key={trade.id}
              href={linkTo('bought', trade.id)}
              {...(trade.id === shown.id ? { 'aria-current': 'true' as const } : {})}
            >
              {titles.get(trade.id) ?? formatTime(trade.updated)}
            </a>
          ))}
        </nav>
      )}
      <Purchase key={shown.id} trade={shown} />
    </div>
  );
}

function Purchase({ trade }: { readonly trade: TradeView }): VNode {
  const delivery = useResource(trade.id, (client) => client.delivery(trade.id));
  if (delivery.value === undefined) {
    return delivery.error === undefined ? <Loading what="the data" /> : <Problem error={delivery.error} />;
  }
  return <Delivered trade={trade} delivery={delivery.value} />;
}

function Delivered({
  trade,
  delivery,
}: {
  readonly trade: TradeView;
  readonly delivery: DeliveryView;
}): VNode {
  const nameOf = useNameOf();
  const { descriptor, curve } = delivery;
  const origin = attestation(descriptor.attestation);
  const file = `edmp-${descriptor.commodity}-${descriptor.from}-${descriptor.to}`;
  const path = `/v1/trades/${encodeURIComponent(trade.id)}/data`;
  return (
    <article class="card sect">
      <h2>{descriptor.title}</h2>
      <Chart curve={curve} title={kindName(descriptor.commodity, descriptor.flow)} />
      <p class="row">
        <a class="btn go" href={`${path}?format=csv`} download={`${file}.csv`}>
          Download CSV
        </a>
        <a class="btn" href={`${path}?format=json`} download={`${file}.json`}>
          Download JSON
        </a>
      </p>
      <Facts
        facts={[
          ['Days', formatDays(descriptor.from, descriptor.to)],
          ['Place', formatPlace(descriptor.cell)],
          ['Household', householdName(descriptor.household)],
          ['Origin', origin.name, origin.meaning],
          [
            'You may use it for',
            descriptor.purposes.length === 0
              ? 'Not restricted by the seller'
              : descriptor.purposes.map(purposeName).join(', '),
            `Licence ${descriptor.licence}`,
          ],
          ['Bought', formatTime(trade.updated), `from ${nameOf(trade.partner)}`],
          ['Checked', 'Every value fits what the seller signed for before you paid'],
        ]}
      />
      <p>
        <a href={linkTo('deals', trade.id)}>See the deal and its signatures</a>
      </p>
    </article>
  );
}
