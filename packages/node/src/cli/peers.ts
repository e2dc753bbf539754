import { Command } from 'commander';
import { print, strangersText, table } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** `edmp peers`: who is connected, and how. */
export function peersCommand(): Command {
  return remoteOptions(
    new Command('peers').description('who is connected, directly or through a relay, and how far away'),
  ).action(async (options: RemoteOptions) => {
    const peers = await remoteNode(options).peers();
    print(options.json, peers, () =>
      peers.length === 0
        ? 'Nobody is connected.'
        : table(
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
          ),
    );
  });
}
