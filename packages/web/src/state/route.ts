import { useEffect, useState } from 'preact/hooks';

/** The pages, in the order of the navigation. */
export const PAGES = [
  { id: 'meters', name: 'Meters' },
  { id: 'sell', name: 'Sell' },
  { id: 'market', name: 'Market' },
  { id: 'deals', name: 'Deals' },
  { id: 'purchases', name: 'Purchases' },
  { id: 'consents', name: 'Consents' },
  { id: 'wallets', name: 'Wallets' },
  { id: 'ledger', name: 'Ledger' },
  { id: 'verify', name: 'Verify' },
] as const;

/** Name of a page in the address. */
export type PageId = (typeof PAGES)[number]['id'];

/** The page that the address names, and what follows it, e.g. `#/deals/t1`. */
export function useRoute(): { readonly page: PageId; readonly rest: string } {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = (): void => setHash(location.hash);
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  const [, id = '', rest = ''] = /^#\/(\w+)(?:\/(.*))?$/.exec(hash) ?? [];
  const page = PAGES.find((known) => known.id === id)?.id ?? 'sell';
  return { page, rest: decodeURIComponent(rest) };
}

/** Address of a page. */
export function linkTo(page: PageId, rest = ''): string {
  return `#/${page}${rest === '' ? '' : `/${encodeURIComponent(rest)}`}`;
}
