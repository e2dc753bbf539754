import { type KeyValueStore, type PublicKey, publicKeyToHex } from '@edmp/interface';
import type { TradeId } from '../blocks/terms.ts';
import type { TradeChain } from './needs.ts';

const PREFIX = 'market/liar/';

/**
 * Buyers that this node has convicted of a false complaint, with the trade that it was about. What convicts them may be
 * erased with its trade; that they lied stays known. Asked of the store each time, so that nothing grows in memory.
 */
export class Liars {
  readonly #store: Pick<KeyValueStore, 'get' | 'set'>;

  constructor(store: Pick<KeyValueStore, 'get' | 'set'>) {
    this.#store = store;
  }

  /** Whether a key lied to this node. */
  async has(key: PublicKey): Promise<boolean> {
    return (await this.#store.get(PREFIX + publicKeyToHex(key))) !== undefined;
  }

  /** Notes a lie, durably when the promise resolves. */
  async add(key: PublicKey, trade: TradeId): Promise<void> {
    await this.#store.set(PREFIX + publicKeyToHex(key), new TextEncoder().encode(trade));
  }
}

/** The same chain, to which whoever lied to this node is as fraudulent as whoever forked. */
export function refusingLiars(chain: TradeChain, liars: Liars): TradeChain {
  return {
    self: chain.self,
    store: chain.store,
    propose: (proposal, options) => chain.propose(proposal, options),
    finish: (...args) => chain.finish(...args),
    receive: (...args) => chain.receive(...args),
    agree: (proposal, tx, options) => chain.agree(proposal, tx, options),
    history: (author, options) => chain.history(author, options),
    isFraudulent: async (author) => (await chain.isFraudulent(author)) || (await liars.has(author)),
  };
}
