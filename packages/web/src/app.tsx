import type { NodeClient } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ErrorBoundary } from './components/error-boundary.tsx';
import { Patterns } from './components/icon.tsx';
import { Rail, Tabs, TopBar } from './components/rail.tsx';
import { Screen, type ScreenLoader } from './components/screen.tsx';
import { Toast } from './components/toast.tsx';
import { HomePage } from './pages/home.tsx';
import { LanguageContext } from './state/language.ts';
import { NodeContext, useNodeState } from './state/node.ts';
import { PLACES, type Route, type TabId, useRoute } from './state/route.ts';
import { keepLanguage } from './state/settings.ts';
import { type Language, language, speak, t } from './words/index.ts';

/** Every screen but Home, each loaded when it is first shown. */
const SCREENS: Readonly<Record<TabId, ScreenLoader>> = {
  readings: async () => (await import('./pages/readings.tsx')).ReadingsPage,
  meters: async () => (await import('./pages/meters.tsx')).MetersPage,
  offer: async () => (await import('./pages/sell.tsx')).SellPage,
  offers: async () => (await import('./pages/own-offers.tsx')).OwnOffersPage,
  listings: async () => (await import('./pages/market.tsx')).MarketPage,
  deals: async () => (await import('./pages/deals.tsx')).DealsPage,
  bought: async () => (await import('./pages/purchases.tsx')).PurchasesPage,
  money: async () => (await import('./pages/wallets.tsx')).WalletsPage,
  consents: async () => (await import('./pages/consents.tsx')).ConsentsPage,
  ledger: async () => (await import('./pages/ledger.tsx')).LedgerPage,
  verify: async () => (await import('./pages/verify.tsx')).VerifyPage,
  network: async () => (await import('./pages/network.tsx')).NetworkPage,
  settings: async () => (await import('./pages/settings.tsx')).SettingsPage,
};

/** Screens that write a heading of their own; the others are headed by the name of their tab. */
const HEADED: ReadonlySet<TabId> = new Set<TabId>(['readings', 'offers', 'offer', 'network', 'settings']);

/** The whole page. */
export function App({ client }: { readonly client: NodeClient }): VNode {
  const { node, message, clearMessage } = useNodeState(client);
  const [spoken, setSpoken] = useState<Language>(language);
  const clear = useRef(clearMessage);
  clear.current = clearMessage;
  const onEnd = useCallback(() => clear.current(), []);
  const choose = useCallback(async (wanted: Language): Promise<void> => {
    await speak(wanted);
    keepLanguage(wanted);
    setSpoken(wanted);
  }, []);
  return (
    <NodeContext.Provider value={node}>
      <LanguageContext.Provider value={choose}>
        <Patterns />
        <Shell key={spoken} />
        <Toast text={message} onEnd={onEnd} />
      </LanguageContext.Provider>
    </NodeContext.Provider>
  );
}

/** The name of what is shown, for the title of the window and the first heading. */
function nameOf({ place, tab }: Route): string {
  const known = PLACES.find(({ id }) => id === place);
  const inside = known?.tabs.find(({ id }) => id === tab);
  return t(inside?.name ?? known?.name ?? 'place.home');
}

function Shell(): VNode {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const name = nameOf(route);
  useEffect(() => {
    document.title = `${name} · EDMP`;
    if (!first.current) {
      main.current?.focus();
      scrollTo({ top: 0 });
    }
    first.current = false;
  }, [name]);
  const { tab } = route;
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {t('nav.skip')}
      </button>
      <div class="app">
        <Rail route={route} />
        <div>
          <TopBar />
          <main id="main" ref={main} tabIndex={-1}>
            <Tabs route={route} />
            <ErrorBoundary key={`${route.place} ${tab}`}>
              {tab !== '' && !HEADED.has(tab) && (
                <div class="head">
                  <h1>{name}</h1>
                </div>
              )}
              {tab === '' ? <HomePage /> : <Screen key={tab} load={SCREENS[tab]} object={route.object} />}
            </ErrorBoundary>
          </main>
        </div>
      </div>
    </>
  );
}
