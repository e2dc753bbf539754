import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemEnvironment } from '@edmp/interface';
import { Command } from 'commander';
import type { Invitation } from '../community/invitation.ts';
import type { Reach } from '../community/reach.ts';
import { openDataFolder } from '../compose/data-folder.ts';
import { NodeError } from '../compose/errors.ts';
import { print, strangersText, table } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';
import { processOf } from './running-node.ts';

interface JoinOptions extends RemoteOptions {
  readonly leave?: string;
}

/** What is shown of a community, whether a node runs or not. */
type Joined = Pick<Invitation, 'name' | 'relays' | 'matchmakers' | 'witnesses'> & {
  readonly pending: boolean;
};

/** `edmp join`: takes a community's line for this node, which may run or not. */
export function joinCommand(): Command {
  return remoteOptions(
    new Command('join').description(
      'join a community by its line, which names its relay, matchmaker and notary; without a line, list what was joined',
    ),
  )
    .argument('[line]', 'edmp:1+name=…, as `edmp invite` prints it')
    .option('--leave <name>', 'leave the community of that name')
    .action(async (line: string | undefined, options: JoinOptions) => {
      if (line !== undefined && options.leave !== undefined)
        throw new NodeError('ERR_NODE_CONFIG', 'Give a line or --leave, not both');
      const isRunning = options.url !== undefined || processOf(options.data) !== undefined;
      const place = isRunning ? overHttp(options) : await inFolder(resolve(options.data));
      if (options.leave !== undefined) await place.leave(options.leave);
      const one = line === undefined ? undefined : await place.join(line);
      const all = await place.list();
      const { commonReach } = await import('../community/reach.ts');
      const where = one === undefined ? undefined : commonReach([...one.relays, ...one.matchmakers]);
      print(options.json, one ?? all, () =>
        one === undefined
          ? leftText(options.leave, isRunning) + listText(all, options)
          : joinedText(one, where, isRunning, options),
      );
    });
}

interface Place {
  join(line: string): Promise<Joined>;
  leave(name: string): Promise<void>;
  list(): Promise<readonly Joined[]>;
}

function overHttp(options: RemoteOptions): Place {
  const node = remoteNode(options);
  return {
    join: (line) => node.joinCommunity(line),
    leave: (name) => node.leaveCommunity(name),
    list: () => node.communities(),
  };
}

/** The folder of a node that does not run, and may never have. */
async function inFolder(path: string): Promise<Place> {
  // Loaded only here: what reads multiaddrs takes its time.
  const { parseInvitation } = await import('../community/invitation.ts');
  const { join, joinedIn, leave } = await import('../community/joined.ts');
  const open = <T>(act: (file: string) => T): T => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    using folder = openDataFolder(path, systemEnvironment());
    return act(folder.communitiesFile);
  };
  const pending = (invitation: Invitation): Joined => ({ ...invitation, pending: true });
  return {
    join: async (line) => {
      const invitation = parseInvitation(line);
      open((file) => join(file, invitation));
      return pending(invitation);
    },
    leave: async (name) => open((file) => leave(file, name)),
    list: async () => open((file) => joinedIn(file)).map(pending),
  };
}

function leftText(name: string | undefined, isRunning: boolean): string {
  if (name === undefined) return '';
  const later = isRunning
    ? ' The node stays connected and trusts its witnesses until it is started again.'
    : '';
  return `Left ${strangersText(name, 80)}.${later}\n\n`;
}

/** What a line without a public address is good for; its maker may not have noticed. */
const REACHES: Readonly<Record<Reach, readonly string[]>> = {
  machine: [
    'It leads to this machine alone. If its node runs elsewhere, ask for another line: that node needs --listen or --announce.',
  ],
  network: ['It leads into an inner network: only nodes in there reach it.'],
  anywhere: [],
};

function joinedText(one: Joined, where: Reach | undefined, isRunning: boolean, options: JoinOptions): string {
  const start = sameNodeCommand('start', options);
  return [
    `Joined ${one.name}: ${counted(one.relays.length, 'relay')}, ${counted(one.matchmakers.length, 'matchmaker')} besides, ${counted(one.witnesses.length, 'witness')}.`,
    ...(where === undefined ? [] : REACHES[where]),
    ...(isRunning ? ['The node connects to them now.'] : [`To trade there: ${start}`]),
    ...(isRunning && one.pending
      ? [
          'Its witnesses decide about deals in test money from the next start on: stop the node and start it again.',
        ]
      : []),
  ].join('\n');
}

const counted = (count: number, what: string): string =>
  `${count} ${count === 1 ? what : `${what}${what.endsWith('s') ? 'es' : 's'}`}`;

function listText(all: readonly Joined[], options: RemoteOptions): string {
  if (all.length === 0)
    return `In no community. To join one: ${sameNodeCommand('join', options)} and its line`;
  return table(
    ['COMMUNITY', 'RELAYS', 'MATCHMAKERS', 'WITNESSES'],
    all.map(({ name, relays, matchmakers, witnesses }) => [
      name,
      relays.join(' ') || '–',
      matchmakers.join(' ') || '–',
      `${witnesses.length}`,
    ]),
  );
}

/** `edmp invite`: the line by which others join. */
export function inviteCommand(): Command {
  return remoteOptions(
    new Command('invite').description('print the line by which others join this node’s community'),
  ).action(async (options: RemoteOptions) => {
    const invitation = await remoteNode(options).invitation();
    print(options.json, invitation, () =>
      [
        invitation.line,
        ...(invitation.local
          ? [
              '',
              'Only nodes on this machine can use it: this node listens on no other address (--listen, --announce).',
            ]
          : []),
      ].join('\n'),
    );
  });
}
