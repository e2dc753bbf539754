import { EdmpError } from '@edmp/interface';
import type { CurrencyView } from '@edmp/node';
import { FAKE_WALLETS } from './fake-wallets.ts';

/** The currencies of a fake market. */
export interface FakeCurrencies {
  views(key: string): readonly CurrencyView[];
  /** What `issuer` opened with the block of that id. */
  issue(
    issuer: string,
    block: string,
    request: { readonly label: string; readonly precision: number; readonly notaries: readonly string[] },
  ): CurrencyView;
  /** What a file of the issuer's names; throws `ERR_MARKET_FORMAT`. */
  add(key: string, bytes: Uint8Array): CurrencyView;
}

/** Currencies in memory; the bytes of a currency's block are the text of its id. */
export function fakeCurrencies(): FakeCurrencies {
  const all = new Map<string, CurrencyView>(
    FAKE_WALLETS.map((name) => [
      name,
      {
        id: name,
        label: name,
        name,
        precision: 0,
        test: true,
        issuer: null,
        notaries: [],
        own: false,
        chosen: true,
        block: null,
      },
    ]),
  );
  return {
    views: (key) => [...all.values()].map((view) => ({ ...view, own: view.issuer === key, chosen: true })),
    issue(issuer, block, { label, precision, notaries }) {
      const currency: CurrencyView = {
        id: block,
        label,
        name: `${label}·${issuer.slice(0, 16)}`,
        precision,
        test: false,
        issuer,
        notaries,
        own: true,
        chosen: true,
        block: new TextEncoder().encode(block),
      };
      all.set(block, currency);
      return currency;
    },
    add(key, bytes) {
      const found = all.get(new TextDecoder().decode(bytes));
      if (found === undefined) throw new EdmpError('ERR_MARKET_FORMAT', 'That block opens no currency');
      return { ...found, own: found.issuer === key, chosen: true };
    },
  };
}
