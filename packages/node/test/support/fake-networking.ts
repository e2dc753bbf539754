import { EdmpError } from '@edmp/interface';
import type { CommunityView, Networking } from '@edmp/node';
import { type Invitation, invitationLine, parseInvitation } from '../../src/community/invitation.ts';

const viewOf = (invitation: Invitation): CommunityView => ({
  name: invitation.name,
  line: invitationLine(invitation),
  relays: invitation.relays,
  matchmakers: invitation.matchmakers,
  witnesses: invitation.witnesses,
  pending: true,
});

/** Peers and communities of a fake node, which connects to nobody. */
export function fakeNetworking(): Networking {
  const joined = new Map<string, CommunityView>();
  return {
    peers: async () => [
      {
        key: '0a'.repeat(32),
        ways: [
          {
            address: '/ip4/192.0.2.1/tcp/4001',
            direction: 'outbound',
            relay: null,
            relayBytesLeft: null,
            latencyMs: 12.5,
            since: 1_800_000_000_000,
          },
          {
            address: '/ip4/192.0.2.2/tcp/4001/p2p-circuit',
            direction: 'inbound',
            relay: '0b'.repeat(32),
            relayBytesLeft: 1_000,
            latencyMs: null,
            since: 1_800_000_000_000,
          },
        ],
      },
    ],
    communities: async () => [...joined.values()],
    async joinCommunity(line) {
      const view = viewOf(parseInvitation(line));
      joined.set(view.name, view);
      return view;
    },
    async leaveCommunity(name) {
      if (!joined.delete(name))
        throw new EdmpError('ERR_NODE_NOT_FOUND', 'This node is in no such community');
    },
    async invitation() {
      const [one] = joined.values();
      if (one === undefined) throw new EdmpError('ERR_NODE_CONFLICT', 'This node has no part in a community');
      return { name: one.name, line: one.line, local: false };
    },
  };
}
