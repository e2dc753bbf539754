import { equalBytes, type HalfBlock, isEdmpError } from '../../../packages/interface/src/index.ts';
import { spendingOf, TRANSFER_TYPE, transferToTx } from '../../../packages/market/src/codec.ts';
import { NOTARY_PROTOCOL } from '../../../packages/market/src/notary/limits.ts';
import { encodeNotaryRequest } from '../../../packages/market/src/notary/messages.ts';
import { decodeTradeRequest, TRADE_PROTOCOL } from '../../../packages/market/src/trade/messages.ts';
import { signHalfBlock } from '../../../packages/trustchain/src/block.ts';
import { deciders, membersOf } from '../members.ts';
import type { ByzantineRole, LiarContext } from './role.ts';

/** Complains about data that is right. */
const complainsFalsely: ByzantineRole = {
  name: 'buyer-complains-falsely',
  parties: ['buyer'],
  install({ member, lie }) {
    member.goods.cheat = 'false-complaint';
    lie();
  },
};

/** Tells nobody of its receipts: the seller has to be paid by the witnesses. */
const keepsReceipts: ByzantineRole = {
  name: 'buyer-keeps-receipts',
  parties: ['buyer'],
  install({ cast, member, lie }) {
    let opened = false;
    cast.world.on(({ node, event }) => {
      if (node === member.node && event.type === 'trade' && event.trade.state === 'opening') opened = true;
    });
    member.node.senders.push(({ name }) => {
      if (!opened || !name.startsWith('/edmp/tc/')) return undefined;
      lie();
      return [];
    });
  },
};

/** Shows its holds only shortly before the release deadline. */
const showsLate: ByzantineRole = {
  name: 'buyer-shows-late',
  parties: ['buyer'],
  install({ cast, member, random, lie }) {
    const since = new Map<string, number>();
    member.node.senders.push(({ kind, name, body, to }) => {
      if (kind !== 'request' || name !== TRADE_PROTOCOL || !isHold(body)) return undefined;
      const now = cast.world.environment.now();
      const first = since.get(to.join()) ?? now;
      since.set(to.join(), first);
      if (now > first + cast.durations.release - random.below(4 * cast.deltaMs)) return undefined;
      lie();
      return [];
    });
  },
};

/**
 * Spends one number twice, up to `times` times: to an accomplice besides whom it paid, and has the notaries asked for
 * both.
 */
function forking(times: number): ByzantineRole {
  return {
    name: 'buyer-forks',
    parties: ['buyer'],
    install(context) {
      const { cast, member, random } = context;
      let left = times;
      cast.world.on(({ node, event }) => {
        if (node !== member.node || event.type !== 'wallet' || left === 0 || random.below(2) === 0) return;
        left--;
        void fork(context);
      });
    },
  };
}

async function fork({ cast, member, random, lie }: LiarContext): Promise<void> {
  const { running, signer, crypto } = member.node;
  if (running === null) return;
  const own = await running.stores.blocks.range(signer.publicKey, 1, 10_000, 10_000).catch(() => []);
  const spent = own.filter((block) => (spendingOf(block)?.money.pay ?? 0n) > 0n);
  const block = spent[random.below(Math.max(1, spent.length))];
  const money = block === undefined ? undefined : spendingOf(block)?.money;
  const accomplices = membersOf(cast, 'seller', 'buyer').filter(({ node }) => node !== member.node);
  const payee = accomplices[random.below(Math.max(1, accomplices.length))]?.node;
  if (block === undefined || money === undefined || payee === undefined) return;
  const second = await signHalfBlock(
    {
      ...block.core,
      peer: payee.key,
      link: null,
      type: TRANSFER_TYPE,
      tx: transferToTx({ ...money, to: payee.key }, 'again'),
    },
    signer,
    crypto,
  );
  lie();
  await Promise.all([tellSome(second), askNotaries(second)]);

  async function tellSome(fork: HalfBlock): Promise<void> {
    const told = cast.members[random.below(cast.members.length)]?.node.running;
    await told?.trustchain.receive(fork.bytes).catch((error: unknown) => {
      if (!isEdmpError(error)) throw error;
    });
  }

  async function askNotaries(fork: HalfBlock): Promise<void> {
    const { sun } = cast;
    if (sun === null || running === null) return;
    for (const node of deciders(cast)) {
      for (const key of sun.notaries) {
        if (node.running?.market.notaryKeys.some((mine) => equalBytes(mine, key)) !== true) continue;
        const body = encodeNotaryRequest({
          kind: 'spend',
          key,
          currency: sun.block.bytes,
          want: fork.id,
          blocks: [fork.bytes],
          certificates: [],
          incomes: [],
        });
        try {
          for await (const answer of running.network.request(node.key, NOTARY_PROTOCOL, body)) void answer;
        } catch (error) {
          if (!isEdmpError(error)) throw error;
        }
      }
    }
  }
}

function isHold(body: Uint8Array): boolean {
  try {
    return decodeTradeRequest(body).kind === 'hold';
  } catch {
    return false;
  }
}

/** Buyers that lie. */
export const BUYERS: readonly ByzantineRole[] = [complainsFalsely, keepsReceipts, showsLate, forking(2)];
