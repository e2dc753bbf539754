import {
  type Crypto,
  type KeyValueChange,
  type KeyValueStore,
  type Signer,
  softwareSigner,
} from '../../packages/interface/src/index.ts';
import { currencyIdToTx } from '../../packages/market/src/blocks/price.ts';
import { spendingOf } from '../../packages/market/src/codec.ts';
import { decodeHoldRow } from '../../packages/market/src/notary/hold-row.ts';
import { statementsOfRow } from '../../packages/market/src/notary/own-statements.ts';
import type { Statement } from '../../packages/market/src/notary.ts';
import { decodeHalfBlock } from '../../packages/trustchain/src/block.ts';

const KEY = 'notary/key/';
const ACCOUNT = 'notary/account/';
const HOLD = 'notary/hold/';

/** Hears the statements that a store binds its notary to: they are written before they are said. */
export type Bound = (statement: Statement, signer: Signer) => void;

/** A notary's store of which every statement is told to `bound` once it is written. */
export function tapStatements(store: KeyValueStore, crypto: Crypto, bound: Bound): KeyValueStore {
  let signer: Signer | undefined;
  const see = (key: string, value: Uint8Array | null): void => {
    if (value === null) return;
    if (key === `${KEY}00`) signer = softwareSigner({ crypto, secretKey: value.slice() });
    if (signer === undefined) return;
    for (const statement of statementsIn(key, value, crypto)) bound(statement, signer);
  };
  const setMany = async (changes: readonly KeyValueChange[]): Promise<void> => {
    const copied = changes.map(([key, value]) => [key, value?.slice() ?? null] as const);
    await store.setMany(changes);
    for (const [key, value] of copied) see(key, value);
  };
  return {
    ...store,
    set: (key, value) => setMany([[key, value]]),
    setMany,
    range: async (prefix, options) => {
      const entries = await store.range(prefix, options);
      if (prefix.startsWith(KEY)) for (const [key, value] of entries) see(key, value);
      return entries;
    },
  };
}

function statementsIn(key: string, value: Uint8Array, crypto: Crypto): readonly Statement[] {
  if (key.startsWith(HOLD)) return statementsOfRow(decodeHoldRow(value));
  if (!key.startsWith(ACCOUNT) || !key.includes('/n/')) return [];
  const spending = spendingOf(decodeHalfBlock(value, crypto));
  if (spending === undefined) return [];
  const currency = currencyIdToTx(spending.money.currency);
  if (typeof currency === 'string') return [];
  return [{ kind: 'spend', currency, subject: spending.id, extra: null }];
}
