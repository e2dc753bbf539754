import type {
  Consumption,
  Crypto,
  DatasetDocument,
  Environment,
  KeyValueStore,
  Network,
  Settlement,
} from '../../packages/interface/src/index.ts';
import type { Cheat } from '../../packages/market/test/support/fake-settlement.ts';

/** What a process that starts has for its settlement. */
export interface GoodsParts {
  readonly network: Network;
  /** Private records on the node's disk. */
  readonly records: KeyValueStore;
  readonly environment: Environment;
  readonly crypto: Crypto;
}

/**
 * What one node sells, delivers and opens its data with. The node's processes come and go; how it lies, what is planted in
 * it and what it sold stay.
 */
export interface Goods {
  /** How it lies. */
  cheat: Cheat;
  /** Replaceable by a planted bug. */
  judge: Settlement['judge'] | undefined;
  /** Replaceable by a planted bug. */
  holds: Settlement['holds'] | undefined;
  /** The settlement of a process that starts. */
  open(parts: GoodsParts): Settlement;
  /** A new dataset for sale, kept by the process that is up. */
  create(title: string): DatasetDocument | Promise<DatasetDocument>;
}

/** What sellers have sold, by asset: what buyers must get. */
export type Stock = Map<string, Consumption>;

/** A settlement in which what a bug on purpose replaces is looked up at each call. */
export function withBugs(settlement: Settlement, goods: Pick<Goods, 'judge' | 'holds'>): Settlement {
  return {
    ...settlement,
    judge: (trade, proof) => (goods.judge ?? settlement.judge)(trade, proof),
    holds: (asset) => (goods.holds ?? settlement.holds)(asset),
  };
}
