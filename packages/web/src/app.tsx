import type { NodeClient } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ConsentsPage } from './pages/consents.tsx';
import { DealsPage } from './pages/deals.tsx';
import { LedgerPage } from './pages/ledger.tsx';
import { MarketPage } from './pages/market.tsx';
import { MetersPage } from './pages/meters.tsx';
import { PurchasesPage } from './pages/purchases.tsx';
import { SellPage } from './pages/sell.tsx';
import { VerifyPage } from './pages/verify.tsx';
import { WalletsPage } from './pages/wallets.tsx';
import { NodeContext, useNode, useNodeState, useResource } from './state/node.ts';
import { linkTo, PAGES, type PageId, useRoute } from './state/route.ts';
import { formatMoney } from './text/money.ts';

/** The whole page. */
export function App({ client }: { readonly client: NodeClient }): VNode {
  const { node, message } = useNodeState(client);
  return (
    <NodeContext.Provider value={node}>
      <Shell />
      <p class={`toast${message === '' ? ' toast-empty' : ''}`} role="status">
        {message}
      </p>
    </NodeContext.Provider>
  );
}

function Shell(): VNode {
  const { page, rest } = useRoute();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const name = PAGES.find((known) => known.id === page)?.name ?? '';
  useEffect(() => {
    document.title = `${name} · EDMP`;
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [name]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header page={page} />
      <main id="main" ref={main} tabIndex={-1}>
        <h1 class="visually-hidden">{name}</h1>
        <Page page={page} rest={rest} />
      </main>
    </>
  );
}

function Page({ page, rest }: { readonly page: PageId; readonly rest: string }): VNode {
  switch (page) {
    case 'meters':
      return <MetersPage />;
    case 'sell':
      return <SellPage />;
    case 'market':
      return <MarketPage />;
    case 'deals':
      return <DealsPage selected={rest} />;
    case 'purchases':
      return <PurchasesPage selected={rest} />;
    case 'consents':
      return <ConsentsPage />;
    case 'wallets':
      return <WalletsPage />;
    case 'ledger':
      return <LedgerPage selected={rest} />;
    case 'verify':
      return <VerifyPage />;
  }
}

function Header({ page }: { readonly page: PageId }): VNode {
  const info = useResource('info', (client) => client.info());
  const wallets = useResource('wallets', (client) => client.wallets());
  const trades = useResource('trades', (client) => client.trades());
  const lost = info.error !== undefined && info.value === undefined;
  const running = (trades.value ?? []).filter((trade) => !trade.final).length;
  const [money] = wallets.value ?? [];
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <rect width="32" height="32" rx="7" />
          <path d="M5 21h4l3-9 5 13 4-11 2 7h4" />
        </svg>
        <span class="brand-name">EDMP</span>
        <span class="brand-node">{info.value?.name ?? ''}</span>
      </div>
      <nav aria-label="Pages">
        {PAGES.map(({ id, name }) => (
          <a key={id} href={linkTo(id)} {...(id === page ? { 'aria-current': 'page' as const } : {})}>
            {name}
            {id === 'deals' && running > 0 && (
              <span class="count">
                <span class="visually-hidden">, running: </span>
                {running}
              </span>
            )}
          </a>
        ))}
      </nav>
      <p class="status">
        {money !== undefined && (
          <a
            class="money"
            href={linkTo('wallets')}
            aria-label={`Free to spend: ${formatMoney(money.available, money)}`}
          >
            {formatMoney(money.available, money)}
          </a>
        )}
        <Connection lost={lost} />
      </p>
    </header>
  );
}

function Connection({ lost }: { readonly lost: boolean }): VNode {
  const { connected } = useNode();
  const down = lost || !connected;
  return <span class={`dot ${down ? 'dot-off' : 'dot-on'}`}>{down ? 'Not connected' : 'Live'}</span>;
}
