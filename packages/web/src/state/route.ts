import { useEffect, useState } from 'preact/hooks';
import type { MessageKey } from '../words/index.ts';

/** Places of the page, in the order of the rail, each with its tabs; the first tab is where the place opens. */
export const PLACES = [
  { id: 'home', name: 'place.home', icon: 'home', tabs: [] },
  {
    id: 'energy',
    name: 'place.energy',
    icon: 'energy',
    tabs: [
      { id: 'readings', name: 'tab.readings' },
      { id: 'meters', name: 'tab.meters' },
    ],
  },
  {
    id: 'sell',
    name: 'place.sell',
    icon: 'sell',
    tabs: [
      { id: 'offer', name: 'tab.offer' },
      { id: 'offers', name: 'tab.offers' },
    ],
  },
  {
    id: 'market',
    name: 'place.market',
    icon: 'market',
    tabs: [
      { id: 'listings', name: 'tab.listings' },
      { id: 'deals', name: 'tab.deals' },
      { id: 'bought', name: 'tab.bought' },
    ],
  },
  {
    id: 'trust',
    name: 'place.trust',
    icon: 'trust',
    tabs: [
      { id: 'money', name: 'tab.money' },
      { id: 'consents', name: 'tab.consents' },
      { id: 'ledger', name: 'tab.ledger' },
      { id: 'verify', name: 'tab.verify' },
      { id: 'network', name: 'tab.network' },
      { id: 'settings', name: 'tab.settings' },
    ],
  },
] as const satisfies readonly {
  readonly id: string;
  readonly name: MessageKey;
  readonly icon: string;
  readonly tabs: readonly { readonly id: string; readonly name: MessageKey }[];
}[];

/** Name of a place in the address. */
export type PlaceId = (typeof PLACES)[number]['id'];
/** Name of a tab in the address. */
export type TabId = (typeof PLACES)[number]['tabs'][number]['id'];

/** Where the reader is: a place, a tab of it, and the object shown there; `''`: none. */
export interface Route {
  readonly place: PlaceId;
  readonly tab: TabId | '';
  readonly object: string;
}

/** Addresses of the page before it had places. */
const FORMER: Readonly<Record<string, readonly [PlaceId, TabId]>> = {
  meters: ['energy', 'meters'],
  deals: ['market', 'deals'],
  purchases: ['market', 'bought'],
  consents: ['trust', 'consents'],
  wallets: ['trust', 'money'],
  ledger: ['trust', 'ledger'],
  verify: ['trust', 'verify'],
};
const HOME: Route = { place: 'home', tab: '', object: '' };
/** No object of the node has a longer name in the address. */
const MAX_OBJECT = 512;

/** What an address says, whatever stands in it: what names no place is Home, a tab that is none is the place's first. */
export function parseRoute(hash: string): Route {
  const [, first = '', ...rest] = hash.replace(/^#/, '').split('/');
  const former = Object.hasOwn(FORMER, first) ? FORMER[first] : undefined;
  if (former !== undefined) return { place: former[0], tab: former[1], object: objectOf(rest.join('/')) };
  const place = PLACES.find(({ id }) => id === first);
  if (place === undefined) return HOME;
  const [second = '', ...more] = rest;
  const tabs: readonly { readonly id: TabId }[] = place.tabs;
  const tab = tabs.find(({ id }) => id === second);
  return {
    place: place.id,
    tab: tab?.id ?? tabs[0]?.id ?? '',
    object: tab === undefined ? '' : objectOf(more.join('/')),
  };
}

function objectOf(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, MAX_OBJECT);
  } catch {
    // A broken escape names nothing.
    return '';
  }
}

/** The route that the address names. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = (): void => setHash(location.hash);
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return parseRoute(hash);
}

/** Address of a place, or of a tab and an object in it. */
export function linkTo(target: PlaceId | TabId, object = ''): string {
  const place =
    PLACES.find(({ id }) => id === target) ??
    PLACES.find(({ tabs }) => (tabs as readonly { readonly id: string }[]).some(({ id }) => id === target));
  const isPlace = place?.id === target;
  const path = place === undefined || isPlace ? target : `${place.id}/${target}`;
  return `#/${path}${object === '' ? '' : `/${encodeURIComponent(object)}`}`;
}
