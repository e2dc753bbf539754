import type { ByzantineRole } from '../../roles.ts';

/** The example of README.md: a matchmaker that swallows every answer about orders. */
export const role: ByzantineRole = {
  name: 'mute-matchmaker',
  parties: ['witness'],
  install({ member, lie }) {
    member.node.senders.push(({ kind, name }) => {
      if (kind !== 'response' || !name.startsWith('/edmp/market/orders/')) return undefined;
      lie();
      return []; // Nothing is sent in its place.
    });
  },
};
