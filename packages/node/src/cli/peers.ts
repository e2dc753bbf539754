import { Command } from 'commander';
import { print, strangersText, table } from './output.ts';
import { REACH_TEXT, reachOf } from './reachable.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** `edmp peers`: who is connected, and how. */
export function peersCommand(): Command {
  return remoteOptions(
    new Command('peers').description(
      'who is connected, directly or through a relay, how far away, and from where others reach this node',
    ),
  ).action(async (options: RemoteOptions) => {
    const node = remoteNode(options);
    const [peers, { addresses }] = await Promise.all([node.peers(), node.info()]);
    print(options.json, peers, () => {
      const reach = REACH_TEXT[reachOf(peers, addresses)];
      if (peers.length === 0) return `Nobody is connected.\n${reach}`;
      const all = table(
        ['PEER', 'HOW', 'ROUND TRIP', 'OPENED BY', 'SINCE', 'ADDRESS'],
        peers.flatMap(({ key, ways }) =>
          ways.map((way) => [
            key,
            way.relay === null ? 'direct' : `relay ${way.relay.slice(0, 16)}…`,
            way.latencyMs === null ? '–' : `${Math.round(way.latencyMs)} ms`,
            way.direction === 'inbound' ? 'them' : 'us',
            new Date(way.since).toISOString(),
            strangersText(way.address, 200),
          ]),
        ),
      );
      return `${all}\n${reach}`;
    });
  });
}
