import type { TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Icon, type IconName } from '../components/icon.tsx';
import { useNameOf } from '../components/who.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { ladderOf } from '../text/ladder.ts';
import { mountState } from '../text/meters.ts';
import { formatMoney } from '../text/money.ts';
import { t } from '../words/index.ts';

/** The first money: what is free, and what is held. */
export function MoneyCard(): VNode {
  const wallets = useResource('wallets', (client) => client.wallets(), ['wallet', 'trade', 'order']);
  const [money] = (wallets.value ?? []).filter(({ id }) => id !== 'EW');
  const [amount] = money === undefined ? [''] : formatMoney(money.available, money).split('\u00a0');
  return (
    <section class="card" aria-labelledby="mon">
      <header>
        <h2 id="mon">{t('home.money')}</h2>
        <a href={linkTo('money')}>{t('home.money.all')}</a>
      </header>
      {money !== undefined && (
        <div class="stack-s">
          <div class="big">
            {amount}
            <small>{t('home.money.free', { currency: money.symbol })}</small>
          </div>
          {money.held > 0n && (
            <p class="s q">{t('home.money.held', { amount: formatMoney(money.held, money) })}</p>
          )}
          {money.earned > 0n && (
            <p class="s q">{t('home.money.earned', { amount: formatMoney(money.earned, money) })}</p>
          )}
          {money.test && <p class="s q">{t('home.money.test')}</p>}
        </div>
      )}
    </section>
  );
}

/** Deals that have not ended. */
export function DealCard({ trades }: { readonly trades: readonly TradeView[] }): VNode | null {
  const nameOf = useNameOf();
  const [running] = trades.filter((trade) => !trade.final).sort((a, b) => b.started - a.started);
  if (running === undefined) return null;
  const steps = ladderOf(running);
  const done = steps.filter((step) => step.state === 'done').length;
  const wallet = { id: running.currency, symbol: running.currencyLabel, precision: 0 };
  const deal = { name: nameOf(running.partner), price: formatMoney(running.price, wallet) };
  const where = t('home.deal.step', { done: Math.min(done + 1, steps.length), all: steps.length });
  return (
    <section class="card" aria-labelledby="run">
      <header>
        <h2 id="run">{t('home.deal')}</h2>
        <a href={linkTo('deals', running.id)}>{t('home.deal.open')}</a>
      </header>
      <p>{running.role === 'buyer' ? t('home.deal.buy', deal) : t('home.deal.sell', deal)}</p>
      <div class="mini" role="img" aria-label={where}>
        {steps.map((step) => (
          <i key={step.name} class={step.state === 'done' ? 'd' : step.state === 'next' ? 'n' : ''} />
        ))}
      </div>
      <p class="row between s">
        <span>{running.stateText}</span>
        <span class="q">{where}</span>
      </p>
    </section>
  );
}

/** Whether all is well, each with what it means. */
export function HealthCard(): VNode {
  const now = useNode().now() ?? 0;
  const info = useResource('info', (client) => client.info(), ['peer']);
  const peers = useResource('peers', (client) => client.peers(), ['peer']);
  const mounts = useResource('mounts', (client) => client.mounts(), ['meter']);
  const relayed = (peers.value ?? []).filter(
    ({ ways }) => ways.length > 0 && ways.every(({ relay }) => relay !== null),
  ).length;
  const count = info.value?.peers.length ?? 0;
  const all = mounts.value ?? [];
  const silent = all.filter((mount) => mountState(mount).tone === 'bad').length;
  const matches = info.value?.matchmaker === true;
  const facts: readonly (readonly [icon: IconName, name: string, what: string, isWell: boolean])[] = [
    [
      'net',
      t('home.health.peers', { n: count }),
      count === 0
        ? t('home.health.none')
        : relayed === 0
          ? t('home.health.direct')
          : t('home.health.relayed', { n: relayed }),
      count > 0,
    ],
    ...(all.length === 0
      ? []
      : [
          [
            'meter',
            t('home.health.meters', { n: all.length }),
            silent === 0 ? t('home.health.heard') : t('home.health.silent', { n: silent }),
            silent === 0,
          ] as const,
        ]),
    [
      'market',
      matches ? t('home.health.matches') : t('home.health.matched'),
      matches ? t('home.health.matchText') : t('home.health.matchedText', { n: count }),
      true,
    ],
    [
      'ok',
      t('home.health.version', { version: info.value?.version ?? '' }),
      t('home.health.name', { name: info.value?.name ?? '' }),
      now > 0,
    ],
  ];
  return (
    <section class="card c12 health" aria-label={t('home.health')}>
      {facts.map(([icon, name, what, isWell]) => (
        <div key={icon} class={isWell ? '' : 'w'}>
          <Icon name={icon} />
          <div>
            <b>{name}</b>
            <br />
            <span class="q s">{what}</span>
          </div>
        </div>
      ))}
    </section>
  );
}
