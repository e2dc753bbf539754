import { type HalfBlock, isEdmpError, type PublicKey } from '../../../packages/interface/src/index.ts';
import { receiptToTx, releaseOf } from '../../../packages/market/src/blocks/release.ts';
import { RELEASE_TYPE } from '../../../packages/market/src/codec.ts';
import type { Backup } from '../../lib/node.ts';
import { crashFor } from '../operations.ts';
import type { ByzantineRole, LiarContext } from './role.ts';

/** Says that its data is not what was promised, and signs the receipt of the same release beside what came of that. */
const receiptAndRefund: ByzantineRole = {
  name: 'buyer-receipt-and-refund',
  parties: ['buyer'],
  install(context) {
    const { cast, member } = context;
    member.goods.cheat = 'false-complaint';
    cast.world.on(({ node, event }) => {
      if (node !== member.node || event.type !== 'trade' || event.trade.role !== 'buyer') return;
      const { state, id } = event.trade;
      if (state === 'complaining' || state === 'returned') {
        void signReceipt(context, id, event.trade.seller);
      }
    });
  },
};

async function signReceipt(
  { cast, member, lie }: LiarContext,
  trade: string,
  seller: PublicKey,
): Promise<void> {
  const { running } = member.node;
  const hold = running?.market.tradeEvidence(trade).hold;
  if (running == null || hold == null) return;
  const blocks = await running.stores.blocks.range(seller, 1, 10_000, 10_000).catch(() => []);
  const release = blocks.find((block) => isRelease(block) && releaseOf(block).hold.equals(hold));
  if (release === undefined) return;
  lie();
  try {
    await running.trustchain.agree(release.id, receiptToTx(hold), { history: 'none' });
  } catch (error) {
    if (!isEdmpError(error)) cast.world.trace(`a liar's own trouble: ${String(error)}`);
  }
}

/**
 * Sells an exclusive licence twice: once its buyer's money is held, it puts the disk of before that sale back, hides
 * from itself what the others know of its chain, and goes on.
 */
const sellsTwice: ByzantineRole = {
  name: 'seller-sells-twice',
  parties: ['seller'],
  install({ cast, member, lie }) {
    let before: Backup | null = null;
    let blindUntil = 0;
    let left = 2;
    cast.world.on(({ node, event }) => {
      if (node !== member.node || event.type !== 'trade' || event.trade.role !== 'seller') return;
      const { state } = event.trade;
      const { world } = cast;
      if (state === 'offered') before ??= node.backup();
      if (state !== 'waiting' || before === null || left === 0) return;
      left--;
      const image = before;
      world.environment.schedule(1, () => {
        if (!node.isUp) return;
        lie();
        blindUntil = world.environment.now() + 120_000;
        crashFor(cast, member, 2_000);
        node.restore(image);
      });
    });
    member.node.senders.push(({ kind, name }) => {
      const isBlind = cast.world.environment.now() < blindUntil;
      return isBlind && kind === 'request' && name.startsWith('/edmp/tc/') ? [] : undefined;
    });
  },
};

const isRelease = ({ core }: HalfBlock): boolean => core.type === RELEASE_TYPE && core.link === null;

/** Traders that say two things. */
export const DOUBLES: readonly ByzantineRole[] = [receiptAndRefund, sellsTwice];
