import { Command } from 'commander';
import { DISCOVERY_SECONDS, type DiscoveryView, type FoundMeter } from '../meter-service.ts';
import { wholeBetween } from './arguments.ts';
import { print, table } from './output.ts';
import { shellWord } from './own-command.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

interface DiscoverOptions extends RemoteOptions {
  readonly seconds: number;
}

/** `edmp meter discover`: looks for meters on the network that the node is in. */
export function discoverCommand(): Command {
  return remoteOptions(new Command('discover'))
    .description(
      'look once for HomeWizard meters and MQTT brokers on the local network of the node: asks everybody there (multicast DNS), as the node never does by itself',
    )
    .option(
      '--seconds <n>',
      'how long answers are waited for',
      wholeBetween(1, DISCOVERY_SECONDS.longest),
      DISCOVERY_SECONDS.usual,
    )
    .action(async (options: DiscoverOptions) => {
      const view = await remoteNode(options).discoverMeters({ seconds: options.seconds });
      print(options.json, view, () => shownDiscovery(view, options));
    });
}

const HINTS: Readonly<Record<FoundMeter['hint'], string>> = {
  ready: 'can be read at once',
  button: 'press its button when asked',
  'api-off': 'switch its local API on first: HomeWizard Energy app, settings, meters',
  topic: 'name the topic of the meter instead of TOPIC',
  socket: 'a plug: what runs through it, not the home',
  battery: 'a battery, not the home',
};

/** What was found, each with the line that mounts it. */
export function shownDiscovery({ found, leftOut, asked }: DiscoveryView, options: RemoteOptions): string {
  const rest =
    leftOut === 0
      ? []
      : [`\n${leftOut} answers were left out: addresses outside of a home network, damaged, or too many.`];
  if (found.length === 0)
    return [
      `Nothing answered on ${asked.join(', ')}. A meter is found only in the network that the node is in; one whose address you know is mounted with ${sameNodeCommand('meter add ADDRESS', options)}`,
      ...rest,
    ].join('\n');
  const rows = found.map((one) => [
    one.name,
    one.kind,
    one.address,
    one.mounted === null ? HINTS[one.hint] : `mounted as ${one.mounted}`,
  ]);
  const lines = found
    .filter(({ mounted, kind }) => mounted === null || kind === 'mqtt')
    .map((one) => sameNodeCommand(`meter add ${shellWord(addressOf(one))}`, options));
  return [
    table(['FOUND', 'KIND', 'WHERE', 'WHAT NOW'], rows),
    ...(lines.length === 0 ? [] : ['', 'To mount one:', ...lines.map((line) => `  ${line}`)]),
    ...rest,
  ].join('\n');
}

const addressOf = ({ kind, address }: FoundMeter): string => (kind === 'mqtt' ? `${address}/TOPIC` : address);
