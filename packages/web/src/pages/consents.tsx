import type { ConsentLogView, ConsentView, OrderView, TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Badge, Empty, Facts, Loading, Problem, Section } from '../components/bits.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { consentedKind, consentedPlace, consentState, logText, mergeLog } from '../text/consents.ts';
import { isRunning } from '../text/expiry.ts';
import { formatDays, formatTime } from '../text/format.ts';
import { purposeName, stepName } from '../text/words.ts';
import { ConsentTimeline } from './consents-timeline.tsx';
import { WithdrawDialog } from './consents-withdraw.tsx';

/** What the owner agreed to, what happened under it, and the way to stop it. */
export function ConsentsPage(): VNode {
  const now = useNode().now();
  const consents = useResource('consents', (client) => client.consents());
  const log = useResource('consent-log', (client) => client.consentLog());
  const orders = useResource('orders', (client) => client.orders());
  const trades = useResource('trades', (client) => client.trades());
  const [asked, setStopping] = useState<ConsentView | undefined>(undefined);
  // As it is now, not as it was when the question was put.
  const stopping = consents.value?.find(({ id }) => id === asked?.id);
  if (consents.value === undefined || now === undefined) {
    return consents.error === undefined ? (
      <Loading what="your consents" />
    ) : (
      <Problem error={consents.error} />
    );
  }
  const entries = log.value ?? [];
  const known = new Set(consents.value.map((consent) => consent.id));
  const others = entries.filter((entry) => !known.has(entry.consent));
  const offersOf = (consent: ConsentView): readonly OrderView[] =>
    (orders.value ?? []).filter(
      (order) =>
        order.side === 'ask' &&
        order.status === 'open' &&
        order.asset === consent.asset &&
        isRunning(order, now),
    );
  const salesOf = (consent: ConsentView): readonly TradeView[] =>
    (trades.value ?? []).filter((trade) => trade.role === 'seller' && trade.asset === consent.asset);
  return (
    <div class="stack">
      <Problem error={log.error ?? orders.error ?? trades.error} />
      {consents.value.length === 0 ? (
        <Empty title="You have not agreed to anything yet">
          <p>
            When you <a href={linkTo('sell')}>list data for sale</a>, what you agree to is kept here, and you
            can withdraw it here.
          </p>
        </Empty>
      ) : (
        <>
          <p class="lead">
            What you agreed to by listing data for sale. Your node checks it before every sale; you can
            withdraw it at any time.
          </p>
          <div>
            <a class="btn" href="/v1/consents/records" download="consents.json">
              Save all receipts
            </a>
            <p class="sub">
              One JSON file with every consent and what happened to it, signed by your node, in the structure
              of ISO/IEC TS 27560.
            </p>
          </div>
        </>
      )}
      {consents.value.length > 0 && (
        <ConsentTimeline consents={consents.value} trades={trades.value ?? []} now={now} />
      )}
      {consents.value.map((consent) => (
        <ConsentCard
          key={consent.id}
          consent={consent}
          now={now}
          offers={offersOf(consent)}
          sales={salesOf(consent)}
          log={entries.filter((entry) => entry.consent === consent.id)}
          onWithdraw={() => setStopping(consent)}
        />
      ))}
      {others.length > 0 && (
        <Section title="Consents that are no longer kept">
          <Log entries={others} />
        </Section>
      )}
      {stopping !== undefined && (
        <WithdrawDialog
          consent={stopping}
          offers={offersOf(stopping)}
          sales={salesOf(stopping)}
          onClose={() => setStopping(undefined)}
        />
      )}
    </div>
  );
}

function ConsentCard(props: {
  readonly consent: ConsentView;
  /** The node's clock, ms since the epoch. */
  readonly now: number;
  readonly offers: readonly OrderView[];
  readonly sales: readonly TradeView[];
  readonly log: readonly ConsentLogView[];
  readonly onWithdraw: () => void;
}): VNode {
  const { consent, offers } = props;
  const state = consentState(consent, props.now);
  const kind = consentedKind(consent.what);
  const days = formatDays(consent.from, consent.to);
  const sold = props.sales.filter((trade) => trade.final && trade.failed === null).length;
  const running = props.sales.filter((trade) => !trade.final).length;
  const title = props.log.find((entry) => entry.event === 'listed')?.detail ?? `${kind}, ${days}`;
  const card = useRef<HTMLElement>(null);
  const wasHeld = useRef(consent.withdrawn === null);
  useEffect(() => {
    if (wasHeld.current && consent.withdrawn !== null && document.activeElement === document.body) {
      // The pressed button is gone: keyboard users stay at this consent.
      card.current?.focus();
    }
    wasHeld.current = consent.withdrawn === null;
  }, [consent.withdrawn]);
  return (
    <article class="card consent sect" ref={card} tabIndex={-1} aria-label={title}>
      <header class="split">
        <h2>{title}</h2>
        <Badge tone={state.tone}>{state.name}</Badge>
      </header>
      <div class="columns">
        <Facts
          facts={[
            ['You agreed to sell', kind, days],
            ['How fine', `One value every ${stepName(consent.finestStep)}, nothing finer`],
            ['Place', consentedPlace(consent.place)],
            ['Household', consent.household ? 'Kind of building and a range of people' : 'Not told'],
            ['To', consent.recipients.charAt(0).toUpperCase() + consent.recipients.slice(1)],
            ['Allowed for', consent.purposes.map(purposeName).join(', '), `Licence ${consent.licence}`],
          ]}
        />
        <Facts
          facts={[
            ['Agreed on', formatTime(consent.given)],
            consent.withdrawn === null
              ? [state.holds ? 'Until' : 'Ended', formatTime(consent.validUntil)]
              : ['Withdrawn', formatTime(consent.withdrawn)],
            ['On the market', offers.length === 0 ? 'Not now' : <a href={linkTo('market')}>For sale now</a>],
            [
              'Copies sold',
              `${sold}`,
              running === 0 ? '' : `${running} more ${running === 1 ? 'sale is' : 'sales are'} under way`,
            ],
          ]}
        />
      </div>
      <details>
        <summary>What happened ({mergeLog(props.log).length})</summary>
        <Log entries={props.log} />
      </details>
      {state.holds && (
        <p class="row">
          <button type="button" class="btn stop" onClick={props.onWithdraw}>
            Withdraw<span class="vh"> the consent for {title}</span>…
          </button>
        </p>
      )}
    </article>
  );
}

function Log({ entries }: { readonly entries: readonly ConsentLogView[] }): VNode {
  return (
    <ol class="log">
      {mergeLog(entries).map(({ entry, times }, index) => (
        <li key={`${index} ${entry.at}`}>
          {logText(entry)}
          <span class="sub">
            {formatTime(entry.at)}
            {times === 1 ? '' : `, ${times} times`}
          </span>
        </li>
      ))}
    </ol>
  );
}
