import type { Commodity } from '@edmp/interface';
import type { ListingFilter, ListingView, PutAsideView, WalletView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Badge, Empty, Facts, Field, Loading, Problem } from '../components/bits.tsx';
import { WhoButton } from '../components/who.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { asideOf, asideText } from '../text/aside.ts';
import { isRunning } from '../text/expiry.ts';
import { formatDays, formatPlace, formatTime } from '../text/format.ts';
import { formatMoney } from '../text/money.ts';
import {
  attestation,
  COMMODITY_CHOICES,
  householdName,
  kindName,
  purposeName,
  stepName,
} from '../text/words.ts';
import { t } from '../words/index.ts';
import { BuyDialog } from './market-buy.tsx';

/** Search what is for sale and buy it. */
export function MarketPage(): VNode {
  const [text, setText] = useState('');
  const [commodity, setCommodity] = useState<Commodity | ''>('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [buying, setBuying] = useState<ListingView | undefined>(undefined);
  const query: ListingFilter = {
    ...(text.trim() === '' ? {} : { text: text.trim() }),
    ...(commodity === '' ? {} : { commodity }),
    ...(from === '' ? {} : { from }),
    ...(to === '' ? {} : { to }),
    limit: 100,
  };
  const narrowed = Object.keys(query).length > 1;
  const listings = useResource(JSON.stringify(query), (client) => client.listings(query));
  const wallets = useResource('wallets', (client) => client.wallets());
  const orders = useResource('orders', (client) => client.orders());
  const now = useNode().now();
  // One that ends while the page is open is not offered any more.
  const found = listings.value?.filter((listing) => isRunning(listing, now));
  return (
    <div class="stack">
      <search class="card">
        <div class="fields fields-narrow">
          <Field label="Words">
            {(ids) => (
              <input
                {...ids}
                type="search"
                maxLength={200}
                placeholder="winter, heat pump…"
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="What">
            {(ids) => (
              <select
                {...ids}
                value={commodity}
                onChange={(event) => setCommodity(event.currentTarget.value as Commodity | '')}
              >
                <option value="">Everything</option>
                {COMMODITY_CHOICES.map((choice) => (
                  <option key={choice.commodity} value={choice.commodity}>
                    {choice.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="From day">
            {(ids) => (
              <input
                {...ids}
                type="date"
                value={from}
                onInput={(event) => setFrom(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="To day">
            {(ids) => (
              <input {...ids} type="date" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
            )}
          </Field>
        </div>
      </search>
      <Problem error={listings.error} />
      {found === undefined && listings.error === undefined && <Loading what="the market" />}
      <p class="hint" role="status">
        {found === undefined || found.length === 0
          ? ''
          : found.length === 1
            ? '1 offer'
            : `${found.length} offers`}
      </p>
      {found !== undefined && found.length === 0 && (
        <Empty title={narrowed ? 'Nothing fits this search' : 'Nothing is for sale yet'}>
          <p>
            {narrowed ? (
              'Take fewer words or more days.'
            ) : (
              <>
                Offers of other nodes appear here by themselves. You can{' '}
                <a href={linkTo('sell')}>make the first one</a>.
              </>
            )}
          </p>
        </Empty>
      )}
      <ul class="offers">
        {(found ?? []).map((listing) => (
          <li key={listing.order}>
            <Offer
              listing={listing}
              wallets={wallets.value ?? []}
              aside={asideOf(orders.value ?? [], listing)}
              onBuy={() => setBuying(listing)}
            />
          </li>
        ))}
      </ul>
      {buying !== undefined && (
        <BuyDialog
          listing={buying}
          wallets={wallets.value ?? []}
          isGone={found !== undefined && !found.some(({ order }) => order === buying.order)}
          onClose={() => setBuying(undefined)}
        />
      )}
    </div>
  );
}

function Offer(props: {
  readonly listing: ListingView;
  readonly wallets: readonly WalletView[];
  /** Why your bid leaves it alone. */
  readonly aside: PutAsideView | undefined;
  readonly onBuy: () => void;
}): VNode {
  const { aside, listing } = props;
  const { descriptor } = listing;
  const wallet = props.wallets.find((candidate) => candidate.id === listing.currency) ?? {
    id: listing.currency,
    symbol: listing.currencyLabel,
    precision: 0,
  };
  const origin = attestation(descriptor.attestation);
  return (
    <article class="card offer sect">
      <header>
        <h2>{descriptor.title}</h2>
        <p class="price">{formatMoney(listing.price, wallet)}</p>
      </header>
      <Facts
        facts={[
          ['What', kindName(descriptor.commodity, descriptor.flow)],
          ['Days', formatDays(descriptor.from, descriptor.to)],
          [
            'How fine',
            `One value every ${stepName(descriptor.step)}`,
            `${descriptor.count === 1 ? 'One value' : `${descriptor.count} values`}${descriptor.gaps === 0 ? '' : `, ${descriptor.gaps} without data`}`,
          ],
          ['Place', formatPlace(descriptor.cell)],
          ...(descriptor.household === null
            ? []
            : [['Household', householdName(descriptor.household)] as const]),
          ['Origin', origin.name, origin.meaning],
          [
            'Allowed for',
            descriptor.purposes.length === 0
              ? 'Not restricted by the seller'
              : descriptor.purposes.map(purposeName).join(', '),
          ],
          [
            'Seller',
            listing.own ? t('common.you') : <WhoButton key="seller" of={listing.seller} />,
            `${listing.remaining === 1 ? 'One licence left' : `${listing.remaining} licences left`}, until ${formatTime(listing.expires)}`,
          ],
        ]}
      />
      {aside !== undefined && (
        <p class="problem" role="status">
          {asideText(aside)}
        </p>
      )}
      <p class="row">
        {listing.own ? (
          <>
            <Badge tone="plain">Your offer</Badge>
            <a href={linkTo('deals')}>Manage it</a>
          </>
        ) : (
          <button type="button" class="btn go" onClick={props.onBuy}>
            Buy<span class="vh"> “{descriptor.title}”</span> for {formatMoney(listing.price, wallet)}
          </button>
        )}
      </p>
    </article>
  );
}
