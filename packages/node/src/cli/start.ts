import { resolve } from 'node:path';
import { EdmpError, isEdmpError, systemEnvironment } from '@edmp/interface';
import { InvalidArgumentError as BadOption, Command, Option } from 'commander';
import { reachOf } from '../community/reach.ts';
import { NodeError } from '../compose/errors.ts';
import { NODE_FAULTS, type NodeFault } from '../compose/faults.ts';
import type { RunNodeOptions } from '../compose/run-node.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../log.ts';
import { systemUptime } from '../meters/clock-watch.ts';
import {
  blockHex,
  byteSize,
  collect,
  currencyLabel,
  hostAndPort,
  peerKey,
  publicKey,
  timeZone,
} from './arguments.ts';
import { dataOption } from './data-folder.ts';
import { useKeyFile } from './key-file.ts';
import { endWithSignals, endWithStdin } from './leash.ts';
import { describeError, toJson, write, writeError } from './output.ts';
import { ownCommand, shellWord } from './own-command.ts';
import { sameNodeCommand } from './remote.ts';
import { announce } from './running-node.ts';

interface StartOptions {
  readonly name: string;
  readonly data: string;
  readonly http: number;
  readonly listen?: readonly string[];
  readonly connect?: readonly string[];
  readonly announce?: readonly string[];
  readonly via?: readonly string[];
  readonly relay: boolean;
  readonly community?: string | true;
  readonly meters: string;
  readonly zone: string;
  readonly matchmaker: boolean;
  readonly notary?: string | true;
  readonly witness?: readonly string[];
  /** Commander's name for `--without-witnesses`. */
  readonly withoutWitnesses: boolean;
  readonly tradeWithNotary: boolean;
  readonly currency?: readonly string[];
  readonly web: boolean;
  readonly edmpCompatOpen: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly phaseTimeout?: number;
  readonly store: string;
  readonly diskBudget?: number;
  readonly ipfsPeer?: readonly string[];
  readonly gateway?: RunNodeOptions['gateway'];
  readonly gatewayCert?: string;
  readonly gatewayKey?: string;
  readonly fault?: NodeFault;
  readonly readyJson: boolean;
  readonly leash: boolean;
}

/** EDMP's three arguments, and what goes by name. */
type Positional = [
  port: number | undefined,
  folder: string | undefined,
  key: string | undefined,
  options: StartOptions,
];

const port = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new BadOption('Expected a port from 0 to 65535.');
  return value;
};
const duration = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1_000 || value > 3_600_000)
    throw new BadOption('Expected 1000 to 3600000 milliseconds.');
  return value;
};

/** Names the option to change. libp2p wraps the system's reason in advice about its own settings. */
function asListenError(error: unknown): never {
  if (isEdmpError(error, 'ERR_HTTP_LISTEN')) {
    const option = error.message.startsWith('The gateway') ? '--gateway' : '--http';
    throw new EdmpError('ERR_HTTP_LISTEN', `${error.message} (${option})`, { cause: error });
  }
  const found = /(\/ip\S+): Error: listen (\w+)/.exec(error instanceof Error ? error.message : '');
  if (found === null) {
    if (!isEdmpError(error, 'ERR_NETWORK_UNREACHABLE') || !error.message.startsWith('Listening on'))
      throw error;
    const [asked = ''] = error.message.split(' failed');
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `${asked} does not work: peers come over TCP or WebSockets to an address of this machine, such as --listen /ip4/0.0.0.0/tcp/4001 or …/tcp/4002/ws`,
      { cause: error },
    );
  }
  const why = found[2] === 'EADDRINUSE' ? 'it is in use' : found[2];
  throw new NodeError(
    'ERR_NODE_CONFLICT',
    `Cannot listen for peers on ${found[1]}: ${why}; choose another --listen`,
    { cause: error },
  );
}

/** Where peers may connect: loopback unless told otherwise, and nowhere with `none`. */
function listenOn(addresses: readonly string[] = ['/ip4/127.0.0.1/tcp/0']): readonly string[] {
  if (!addresses.includes('none')) return addresses;
  if (addresses.length > 1)
    throw new NodeError('ERR_NODE_CONFIG', '--listen none stands alone: leave out the other addresses');
  return [];
}

/** `edmp start`: runs one node until it is stopped. */
export function startCommand(): Command {
  return new Command('start')
    .alias('node')
    .description('run a node: HTTP API and web page on loopback, peers over libp2p')
    .argument('[port]', 'as --http', port)
    .argument('[folder]', 'as --data')
    .argument('[keyfile]', 'file of the identity; written where there is none')
    .option('--name <text>', 'name shown on the page', 'my node')
    .addOption(dataOption('identity, chain and content of this node'))
    .option('--http <port>', 'port of the page and the API; 0 = any free one', port, 8080)
    .option(
      '--listen <multiaddr>',
      'address for peers, over TCP or WebSockets (…/ws), or none to be reached through relays only; repeat for more (default: /ip4/127.0.0.1/tcp/0)',
      collect,
    )
    .option(
      '--announce <multiaddr>',
      'address to tell peers instead, such as that of a forwarded port; repeat for more',
      collect,
    )
    .option('--connect <multiaddr>', 'peer to stay connected to; repeat for more', collect)
    .option(
      '--via <multiaddr>',
      'relay to be reached through from behind a router, with its /p2p/ id; repeat for more',
      collect,
    )
    .option(
      '--community [label]',
      'be the relay, matchmaker and notary of a community, and print the line by which others join; with a label also issue its currency',
      currencyLabel,
    )
    .option('--relay', 'connect peers behind routers with each other, within limits', false)
    .option('--meters <source>', 'emulator, none, or the URL of an OEHU API', 'emulator')
    .option('--zone <iana>', 'time zone of the meters', timeZone, 'Europe/Amsterdam')
    .option('--no-matchmaker', 'do not match other traders’ orders')
    .option(
      '--notary [label]',
      'serve as notary and witness for others; with a label also issue a currency of that label',
      currencyLabel,
    )
    .option(
      '--witness <key>',
      'statement key of a witness to trust in test money; repeat for more',
      (text, all) => collect(publicKey(text), all as readonly string[] | undefined),
    )
    .option('--without-witnesses', 'in test money trade also with nobody to decide; both sides must', false)
    .option(
      '--trade-with-notary',
      'in issued money trade also when one side is its only notary; both sides must',
      false,
    )
    .option('--currency <block>', 'a currency to know, as its signed block; repeat for more', (text, all) =>
      collect(blockHex(text), all as readonly string[] | undefined),
    )
    .option(
      '--store <where>',
      'where sealed blocks are kept: fs, kubo:URL of its RPC, or layered:SOURCE[,SOURCE] to read elsewhere what is not here (kubo:URL, gateway:URL, bitswap:MULTIADDR)',
      'fs',
    )
    .option(
      '--disk-budget <size>',
      'what the blocks of all chains may take on disk, e.g. 500MB or 2GB: old blocks of others that nothing needs make room (default: 1GiB)',
      byteSize,
    )
    .option(
      '--ipfs-peer <id>',
      'an IPFS node of your own that may read every sealed block here by bitswap; repeat for more',
      (text, all) => collect(peerKey(text), all as readonly string[] | undefined),
    )
    .option(
      '--gateway <host:port>',
      'serve the trustless gateway at an address of its own, too; beyond loopback it needs a certificate',
      hostAndPort,
    )
    .option('--gateway-cert <file>', 'certificate chain of --gateway, PEM')
    .option('--gateway-key <file>', 'key of the certificate, PEM')
    .option(
      '--edmp-compat-open',
      'let programs on this machine use the calls of 2019 (/market, /wallets) without the token, payments too',
      false,
    )
    .addOption(
      new Option('--log-level <level>', 'the least grave to tell').choices(LOG_LEVELS).default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'lines for people, or one JSON object a line')
        .choices(LOG_FORMATS)
        .default('text'),
    )
    .option('--no-web', 'no web page, API only')
    .option('--phase-timeout <ms>', 'longest wait for each step of a trade', duration)
    .addOption(
      new Option('--fault <kind>', 'misbehave on purpose, to test the other side')
        .choices(NODE_FAULTS)
        .hideHelp(),
    )
    .addOption(new Option('--ready-json', 'print one JSON line when ready').default(false).hideHelp())
    .addOption(new Option('--leash', 'end when stdin closes').default(false).hideHelp())
    .action(async (...[first, second, keyFile, given]: Positional) => {
      const options = { ...given, http: first ?? given.http, data: second ?? given.data };
      const saveKey = keyFile === undefined ? undefined : useKeyFile(resolve(options.data), keyFile);
      // Loaded only here: the other commands start faster without libp2p.
      const { runNode } = await import('../compose/run-node.ts');
      const environment = systemEnvironment();
      const {
        notary: _notary,
        witness: _witness,
        currency: _currency,
        ipfsPeer,
        via,
        community,
        gateway,
        gatewayCert: certificate,
        gatewayKey: key,
        ...rest
      } = options;
      if ((certificate === undefined) !== (key === undefined) || (key !== undefined && gateway === undefined))
        throw new NodeError(
          'ERR_NODE_CONFIG',
          'Give --gateway-cert and --gateway-key together, with --gateway',
        );
      const label = typeof community === 'string' ? community : options.notary;
      if (community !== undefined && !options.matchmaker)
        throw new NodeError(
          'ERR_NODE_CONFIG',
          'The node of a community matches orders: leave out --no-matchmaker',
        );
      const tls = certificate === undefined || key === undefined ? {} : { tls: { certificate, key } };
      const node = await runNode({
        ...rest,
        data: resolve(options.data),
        listen: listenOn(options.listen),
        connect: options.connect ?? [],
        relays: via ?? [],
        relay: options.relay || community !== undefined,
        notary: options.notary !== undefined || community !== undefined,
        ...(typeof label === 'string' ? { issue: label } : {}),
        witnesses: options.witness ?? [],
        currencies: options.currency ?? [],
        ipfsPeers: ipfsPeer ?? [],
        ...(gateway === undefined ? {} : { gateway: { ...gateway, ...tls } }),
        environment,
        uptime: systemUptime,
        log: (text) => writeError(`${text}\n`),
      }).catch(asListenError);
      saveKey?.();
      const retract = announce(resolve(options.data), node.url);
      const stop = async (): Promise<void> => {
        retract();
        await node.stop();
      };
      if (options.leash) endWithStdin(stop);
      endWithSignals(stop);
      const invitation = community === undefined ? undefined : await node.service.invitation();
      if (options.readyJson) {
        write(
          `${toJson({ ready: true, url: node.url, token: node.token, key: node.key, addresses: node.addresses, witnessKeys: node.witnessKeys, issued: node.issued, gateway: node.gatewayUrl, invitation: invitation?.line ?? null })}\n`,
        );
        return;
      }
      write(
        [
          '',
          `  EDMP node "${options.name}" is running.`,
          '',
          `  Page      ${node.url}/?token=${node.token}`,
          `  API       ${node.url}/v1/openapi.json`,
          `  Gateway   ${node.gatewayUrl}/ipfs/ (IPFS: what is published, and deals by their links)`,
          `  Identity  ${node.key}`,
          `  Peers     ${node.addresses.join('\n            ')}`,
          ...node.witnessKeys.map((key) => `  Witness   ${key} (others name it with --witness)`),
          ...(node.issued === null
            ? []
            : [`  Currency  ${node.issued.id} (${sameNodeCommand('currency show', options)})`]),
          ...(invitation === undefined
            ? []
            : [
                `  Join      ${invitation.line}`,
                `            (the line by which others join${invitation.local ? '; only on this machine, without --listen' : ''})`,
              ]),
          ...(options.relay && node.addresses.every((address) => reachOf(address) === 'machine')
            ? [
                '  Relay     for this machine alone: give --listen /ip4/0.0.0.0/tcp/4001, or another address that others reach',
              ]
            : []),
          `  Meters    ${node.meterSource ?? 'none'}`,
          `  Data      ${resolve(options.data)} (back up identity.key: it is the account)`,
          '',
          '  A second node on this machine that trades with this one:',
          `    ${ownCommand(`start --name neighbour --data ${shellWord(`${resolve(options.data)}-2`)} --http 0`)} \\`,
          `      --connect ${node.addresses[0] ?? '<address>'}${options.withoutWitnesses ? ' --without-witnesses' : ''}`,
          '',
          ...((options.witness ?? []).length > 0 || options.withoutWitnesses
            ? []
            : [
                '  Deals in test money need a witness that both sides name with --witness <key>; a third node that',
                '  runs with --notary is one. To try without, start both with --without-witnesses.',
                '',
              ]),
          '  Stop with Ctrl+C.',
          '',
        ].join('\n'),
      );
      if (node.meterSource !== null) {
        // A meter source that is down is no reason not to run: it may come, and buying needs none.
        node.service.meters().catch((error: unknown) => {
          writeError(`warning: no meter can be read now: ${describeError(error)}\n`);
        });
      }
    });
}
