import { equalBytes } from '../../../packages/interface/src/index.ts';
import { releaseToTx } from '../../../packages/market/src/blocks/release.ts';
import { lockKey, RELEASE_TYPE } from '../../../packages/market/src/codec.ts';
import { NOTARY_PROTOCOL } from '../../../packages/market/src/notary/limits.ts';
import { decodeNotaryRequest } from '../../../packages/market/src/notary/messages.ts';
import { TRADE_PROTOCOL } from '../../../packages/market/src/trade/messages.ts';
import type { Cheat } from '../../../packages/market/test/support/fake-settlement.ts';
import { deciders } from '../members.ts';
import type { ByzantineRole, LiarContext } from './role.ts';

/** Sells something else than it promised, or gives nothing. */
function cheating(name: string, cheat: Cheat): ByzantineRole {
  return {
    name,
    parties: ['seller'],
    install({ member, lie }) {
      member.goods.cheat = cheat;
      lie();
    },
  };
}

/** Shows its release to some of the witnesses only. */
const releasesToFew: ByzantineRole = {
  name: 'seller-releases-to-few',
  parties: ['seller'],
  install({ cast, member, lie }) {
    member.node.senders.push(({ kind, name, to, body }) => {
      if (kind !== 'request' || name !== NOTARY_PROTOCOL || kindOfRequest(body) !== 'release')
        return undefined;
      const judges = deciders(cast);
      const place = judges.findIndex(({ key }) => equalBytes(key, to));
      if (place < judges.length >> 1) return undefined;
      lie();
      return [];
    });
  },
};

/** Swallows half of its answers about trades. */
const forgetsToAnswer: ByzantineRole = {
  name: 'seller-silent',
  parties: ['seller'],
  install({ member, random, lie }) {
    member.node.senders.push(({ kind, name }) => {
      if (kind !== 'response' || name !== TRADE_PROTOCOL || random.below(2) === 0) return undefined;
      lie();
      return [];
    });
  },
};

/** Signs a second release with another key once the first one is acknowledged, and shows it to everybody. */
const releasesTwice: ByzantineRole = {
  name: 'seller-releases-twice',
  parties: ['seller'],
  install(context) {
    const { cast, member } = context;
    cast.world.on(({ node, event }) => {
      if (node !== member.node || event.type !== 'trade' || event.trade.state !== 'acknowledged') return;
      void secondRelease(context, event.trade.buyer, event.trade.id);
    });
  },
};

async function secondRelease(
  { cast, member, lie }: LiarContext,
  buyer: Uint8Array,
  trade: string,
): Promise<void> {
  const { running, crypto } = member.node;
  const hold = running?.market.tradeEvidence(trade).hold;
  if (running == null || hold == null) return;
  const { environment } = cast.world;
  const opener = environment.randomBytes(32);
  const { key, lock } = lockKey(environment.randomBytes(40), opener, hold, crypto);
  const tx = releaseToTx({ hold, suite: 'x-wing', key, lock });
  lie();
  try {
    const peer = cast.members.find(({ node }) => equalBytes(node.key, buyer))?.node.key;
    if (peer !== undefined) await running.trustchain.propose({ peer, type: RELEASE_TYPE, tx });
  } catch {
    // A liar's own trouble.
  }
}

function kindOfRequest(body: Uint8Array): string | undefined {
  try {
    return decodeNotaryRequest(body).kind;
  } catch {
    return undefined;
  }
}

/** Sellers that lie. */
export const SELLERS: readonly ByzantineRole[] = [
  cheating('seller-wrong-key', 'wrong-key'),
  cheating('seller-wrong-data', 'wrong-delivery'),
  cheating('seller-never-releases', 'never-release'),
  releasesToFew,
  forgetsToAnswer,
  releasesTwice,
];
