import { MATCH_PROTOCOL, ORDERS_PROTOCOL } from '../../../packages/market/src/matching/messages.ts';
import type { ByzantineRole } from './role.ts';

/** Tells nobody of orders or matches. */
const withholds: ByzantineRole = {
  name: 'matchmaker-withholds',
  parties: ['witness'],
  install({ member, lie }) {
    member.node.senders.push(({ name }) => {
      if (name !== MATCH_PROTOCOL && name !== ORDERS_PROTOCOL) return undefined;
      lie();
      return [];
    });
  },
};

/** Sends everything about orders ten times, and damaged. */
const floods: ByzantineRole = {
  name: 'matchmaker-floods',
  parties: ['witness'],
  install({ member, random, lie }) {
    member.node.senders.push(({ kind, name, body }) => {
      if (kind !== 'topic' && name !== ORDERS_PROTOCOL) return undefined;
      lie();
      return Array.from({ length: 10 }, (_, i) => {
        const copy = body.slice();
        const at = random.below(Math.max(1, copy.length));
        if (i > 0 && copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
        return copy;
      });
    });
  },
};

/** Matchmakers that lie about orders; what they say as witnesses stays true. */
export const MATCHMAKERS: readonly ByzantineRole[] = [withholds, floods];
