import { type BlockStore, equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import type { PruneSeverity } from '@edmp/trustchain/pruning';
import { CURRENCY_TYPE, type Currency } from '../asset/currency.ts';
import { ASK_TYPE, BID_TYPE } from '../blocks/order.ts';
import { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from '../blocks/types.ts';
import type { Hold } from '../ledger/hold.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** How long after its last deadline the outcome of a hold is still asked for, ms: a day. */
const GRACE_MS = 86_400_000;
/** A deadline further away than this keeps nothing, ms: anybody can write any. 60 days. */
const MAX_WAIT_MS = 60 * 86_400_000;

/** What {@link keptBlocks} asks. */
export interface KeptBlocksNeeds {
  readonly self: PublicKey;
  readonly store: Pick<BlockStore, 'answersBy'>;
  readonly ledger: () => Ledger;
  /** Issued currencies that are known, and whether the owner or its money chose one. */
  readonly currencies: () => Iterable<Currency>;
  readonly isChosen: (id: Currency['id']) => boolean;
  /** Statement keys under which this node serves as notary and witness. */
  readonly serves: readonly PublicKey[];
  /** Whether an order is open here. */
  readonly isListed: (order: string) => boolean;
  readonly now: () => number;
}

/** Says whether a block of somebody else must stay when the chain is pruned; see `Market.keeps`. */
export type KeepsBlock = (block: HalfBlock, severity: PruneSeverity) => Promise<boolean>;

/** The {@link KeepsBlock} of a market: everything that a balance, a licence, an order or an open deal stands on. */
export function keptBlocks(needs: KeptBlocksNeeds): KeepsBlock {
  const { self, store, ledger, now } = needs;
  const isServed = (keys: readonly PublicKey[]): boolean =>
    keys.some((key) => needs.serves.some((own) => equalBytes(own, key)));

  const isNeededHold = (hold: Hold): boolean => {
    if (equalBytes(hold.buyer, self) || equalBytes(hold.seller, self)) return true;
    if (hold.outcome !== null || hold.receipt !== null) return false;
    // Whoever serves as its witness may have to judge it; whoever lists its ask waits for what becomes of it.
    return (
      isServed(hold.witnesses) || (hold.complain > now() - GRACE_MS && hold.complain < now() + MAX_WAIT_MS)
    );
  };
  const isCurrencyNeeded = (block: HalfBlock): boolean => {
    for (const currency of needs.currencies()) {
      if (currency.kind !== 'issued' || !currency.block.id.equals(block.id)) continue;
      return needs.isChosen(currency.id) || isServed(currency.notaries);
    }
    return false;
  };
  /** Proposals of a deal that came to something: their other half stays, which says nothing without them. */
  const isAnswered = async (block: HalfBlock): Promise<boolean> => {
    const [answers] = await store.answersBy([{ link: block.id }], 1);
    return (answers?.length ?? 0) > 0;
  };
  const isServedMoney = (block: HalfBlock): boolean => {
    for (const currency of needs.currencies()) {
      if (currency.kind !== 'issued' || !isServed(currency.notaries)) continue;
      if (ledger().account(block.core.key, currency.id).n > 0) return true;
    }
    return false;
  };
  const isOwnMoney = ({ core: { peer } }: HalfBlock): boolean => peer !== null && equalBytes(peer, self);

  return async (block, severity) => {
    const { type, link } = block.core;
    switch (type) {
      case CURRENCY_TYPE:
        return isCurrencyNeeded(block);
      case ASK_TYPE:
      case BID_TYPE:
        // Peers tell open orders again when they compare books.
        return severity === 'spare' && needs.isListed(block.id.toString());
      case TRANSFER_TYPE:
      case CLAIM_TYPE:
        return severity === 'spare' || isOwnMoney(block) || isServedMoney(block);
      case TRADE_TYPE: {
        if (isOwnMoney(block)) return link !== null || (await isAnswered(block));
        if (link !== null) {
          const hold = ledger().hold(block.id.toString());
          return severity === 'spare' || (hold !== undefined && isNeededHold(hold)) || isServedMoney(block);
        }
        const hold = ledger().holdOf(block.id.toString());
        if (hold !== undefined && isNeededHold(hold)) return true;
        return severity === 'spare' && (await isAnswered(block));
      }
      case RELEASE_TYPE:
        if (isOwnMoney(block)) return true;
        return severity === 'spare' && (link !== null || (await isAnswered(block)));
      default:
        return false;
    }
  };
}
