import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useNode, useResource } from '../state/node.ts';
import { linkTo, PLACES, type Route } from '../state/route.ts';
import { isDark, setTheme } from '../state/settings.ts';
import { formatMoney } from '../text/money.ts';
import { t } from '../words/index.ts';
import { Icon, Logo } from './icon.tsx';

/** The five places, the money and the health; at the bottom of a phone only the places. */
export function Rail({ route }: { readonly route: Route }): VNode {
  const trades = useResource('trades', (client) => client.trades(), ['trade']);
  const running = (trades.value ?? []).filter((trade) => !trade.final).length;
  return (
    <nav class="rail" aria-label={t('nav.places')}>
      <a class="brand" href={linkTo('home')}>
        <Logo />
        <span>EDMP</span>
      </a>
      <ul class="places">
        {PLACES.map(({ id, name, icon, tabs }) => (
          <li key={id}>
            <a
              href={linkTo(id)}
              {...(id === route.place
                ? { 'aria-current': tabs[0]?.id === route.tab || tabs.length === 0 ? 'page' : 'true' }
                : {})}
            >
              <Icon name={icon} />
              {id === 'trust' ? (
                <span>
                  <span class="on-wide-inline">{t(name)}</span>
                  <span class="on-narrow-flex">{t('place.trust.short')}</span>
                </span>
              ) : (
                <span>{t(name)}</span>
              )}
              {id === 'market' && running > 0 && (
                <span class="count">
                  <span aria-hidden="true">{running}</span>
                  <span class="vh">{t('nav.waiting', { n: running })}</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
      <Foot />
    </nav>
  );
}

/** The node's first money and its state, as every width shows them. */
function useStanding(): {
  readonly free: string | undefined;
  readonly held: string | undefined;
  readonly isLost: boolean;
  readonly peers: number;
} {
  const { connected } = useNode();
  const info = useResource('info', (client) => client.info(), ['peer']);
  const wallets = useResource('wallets', (client) => client.wallets(), ['wallet', 'trade', 'order']);
  const [money] = (wallets.value ?? []).filter(({ id }) => id !== 'EW');
  return {
    free: money === undefined ? undefined : formatMoney(money.available, money),
    held: money === undefined || money.held === 0n ? undefined : formatMoney(money.held, money),
    isLost: !connected || (info.error !== undefined && info.value === undefined),
    peers: info.value?.peers.length ?? 0,
  };
}

function stateWords(isLost: boolean, peers: number): string {
  if (isLost) return t('rail.lost');
  return peers === 0 ? t('rail.alone') : t('rail.well', { n: peers });
}

function Foot(): VNode {
  const { free, held, isLost, peers } = useStanding();
  const [, setDark] = useState(isDark);
  return (
    <div class="foot">
      {free !== undefined && (
        <a class="row between plainly" href={linkTo('money')}>
          <span>{t('rail.free')}</span> <b class="num">{free}</b>
        </a>
      )}
      {held !== undefined && (
        <div class="row between q">
          <span>{t('rail.held')}</span>
          <span class="num">{held}</span>
        </div>
      )}
      <a class="well-link" href={linkTo('network')}>
        <span class={isLost ? 'dot off' : 'dot'} />
        {stateWords(isLost, peers)}
      </a>
      <button
        type="button"
        class="themes"
        onClick={() => {
          const dark = !isDark();
          setTheme(dark ? 'dark' : 'light');
          setDark(dark);
        }}
      >
        <Icon name="theme" />
        {t('rail.theme')}
      </button>
    </div>
  );
}

/** The same on a phone, in one line on top. */
export function TopBar(): VNode {
  const { free, isLost, peers } = useStanding();
  return (
    <header class="top">
      <a class="brand" href={linkTo('home')}>
        <Logo />
        <span>EDMP</span>
      </a>
      <span class="row tight">
        {free !== undefined && (
          <a class="plainly" href={linkTo('money')}>
            <span class="vh">{t('rail.free')} </span>
            <b class="num">{free}</b>
          </a>
        )}
        <span class={isLost ? 'dot off' : 'dot'} role="img" aria-label={stateWords(isLost, peers)} />
      </span>
    </header>
  );
}

/** The screens of a place. */
export function Tabs({ route }: { readonly route: Route }): VNode | null {
  const tabs = PLACES.find(({ id }) => id === route.place)?.tabs ?? [];
  if (tabs.length === 0) return null;
  return (
    <nav aria-label={t('nav.inside')}>
      <div class="tabs">
        {tabs.map(({ id, name }) => (
          <a key={id} href={linkTo(id)} {...(id === route.tab ? { 'aria-current': 'page' as const } : {})}>
            {t(name)}
          </a>
        ))}
      </div>
    </nav>
  );
}
