import type { TradeView, WalletView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Badge, Empty, Facts, Loading, Problem, Section } from '../components/bits.tsx';
import { Ladder } from '../components/ladder.tsx';
import { useNameOf } from '../components/who.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { usePurchaseTitles } from '../state/titles.ts';
import { balancesAround } from '../text/balances.ts';
import { isRunning } from '../text/expiry.ts';
import { formatTime } from '../text/format.ts';
import { ladderOf } from '../text/ladder.ts';
import { formatMoney } from '../text/money.ts';
import { OpenOrder, styleOf } from './open-order.tsx';

/** Deals step by step, and the orders that wait for one. */
export function DealsPage({ object: selected }: { readonly object: string }): VNode {
  const now = useNode().now();
  const trades = useResource('trades', (client) => client.trades());
  const orders = useResource('orders', (client) => client.orders());
  const wallets = useResource('wallets', (client) => client.wallets());
  const listings = useResource('own-listings', (client) => client.listings({ limit: 1000 }));
  const bought = usePurchaseTitles(trades.value ?? []);
  const titles = new Map((listings.value ?? []).map((listing) => [listing.asset, listing]));
  const open = (orders.value ?? []).filter(
    (order) =>
      order.status === 'open' && order.filled + order.reserved < order.quantity && isRunning(order, now),
  );
  const sorted = [...(trades.value ?? [])].sort(
    (a, b) => Number(b.id === selected) - Number(a.id === selected) || b.started - a.started,
  );
  return (
    <div class="stack">
      <Problem error={trades.error ?? orders.error} />
      {open.length > 0 && (
        <Section
          title="Waiting for a partner"
          hint="These orders are on the market. Each becomes a deal when it finds its match."
        >
          <ul class="orders">
            {open.map((order) => (
              <OpenOrder
                key={order.order}
                order={order}
                listing={titles.get(order.asset)}
                wallets={wallets.value ?? []}
              />
            ))}
          </ul>
        </Section>
      )}
      {trades.value === undefined && trades.error === undefined && <Loading what="your deals" />}
      {trades.value !== undefined && sorted.length === 0 && (
        <Empty title="No deals yet">
          <p>
            <a href={linkTo('market')}>Buy something on the market</a> or{' '}
            <a href={linkTo('sell')}>sell some of your data</a>: every step shows here, live.
          </p>
        </Empty>
      )}
      {sorted.map((trade, index) => (
        <Deal
          key={trade.id}
          trade={trade}
          wallets={wallets.value ?? []}
          title={bought.get(trade.id) ?? titles.get(trade.asset)?.descriptor.title}
          open={index === 0 || !trade.final}
        />
      ))}
    </div>
  );
}

/** Whether the seller signed an offer: else there is nothing to show anybody. */
function isOffered({ steps }: TradeView): boolean {
  return steps.some(({ name, block }) => name === 'trade-proposal' && block !== null);
}

function Deal(props: {
  readonly trade: TradeView;
  readonly title: string | undefined;
  readonly wallets: readonly WalletView[];
  readonly open: boolean;
}): VNode {
  const { trade } = props;
  const nameOf = useNameOf();
  const style = styleOf(props.wallets, trade.currency);
  const wallet = props.wallets.find((candidate) => candidate.id === trade.currency);
  const movements = useResource(`movements ${trade.currency}`, (client) =>
    client.transactions(trade.currency),
  );
  const balances =
    wallet === undefined || movements.value === undefined
      ? undefined
      : balancesAround(trade, wallet, movements.value);
  const rungs = ladderOf(trade);
  const done = rungs.filter((step) => step.state === 'done').length;
  return (
    <details class="card deal" open={props.open}>
      <summary>
        <h2>
          {trade.role === 'seller' ? 'Selling' : 'Buying'} for {formatMoney(trade.price, style)}
        </h2>
        <span class="sub">
          {props.title === undefined ? '' : `${props.title}. `}
          {formatTime(trade.started)}, with {nameOf(trade.partner)}
        </span>
        {trade.failed !== null ? (
          <Badge tone="bad">Did not happen</Badge>
        ) : trade.final ? (
          <Badge tone="good">Done</Badge>
        ) : (
          <Badge tone="busy">
            Step {Math.min(done + 1, rungs.length)} of {rungs.length}
          </Badge>
        )}
      </summary>
      {trade.failed !== null && (
        <div class="problem" role="alert">
          <p>{trade.failed}</p>
          {trade.atRisk === 0n && <p>Nothing of yours is set aside for this deal any more.</p>}
        </div>
      )}
      <Facts
        facts={[
          ['Most you can lose now', formatMoney(trade.atRisk, style), riskNote(trade)],
          ...(balances === undefined
            ? []
            : ([
                ['Your money before', formatMoney(balances.before, style)],
                [
                  trade.final ? 'Your money after' : 'Your money after, if all goes well',
                  formatMoney(balances.after, style),
                ],
              ] as const)),
        ]}
      />
      <Ladder trade={trade} />
      {trade.final && isOffered(trade) && (
        <p class="row">
          <a
            class="btn"
            href={`/v1/trades/${encodeURIComponent(trade.id)}/deal?format=file`}
            download={`deal-${trade.id.slice(0, 16)}.edmp`}
          >
            Save as a file that anybody can check
          </a>
        </p>
      )}
      {trade.role === 'buyer' && trade.final && trade.failed === null && (
        <p class="row">
          <a class="btn go" href={linkTo('bought', trade.id)}>
            See the data
          </a>
        </p>
      )}
    </details>
  );
}

function riskNote(trade: TradeView): string {
  if (trade.failed !== null || trade.final) return 'This deal is over.';
  if (trade.atRisk === 0n) {
    return trade.role === 'seller'
      ? 'Nobody can read your data without the key, and you are paid for the key.'
      : 'Nothing of yours is set aside yet.';
  }
  return 'Set aside for this deal. It comes back if the key does not come or does not open the data.';
}
