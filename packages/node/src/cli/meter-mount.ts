import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { COMMODITIES, type Commodity, FLOWS, type Flow, isEdmpError } from '@edmp/interface';
import type { ExportFormat } from '@edmp/oehu-client/export';
import { MQTT_MAPS, type MqttMap } from '@edmp/oehu-client/live';
import { Command, Option } from 'commander';
import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import {
  type ImportOptions,
  type ImportView,
  MOUNT_KINDS,
  type MountKind,
  type MountRequest,
  type MountView,
  READING_FORMATS,
} from '../meter-service.ts';
import { day, timeZone, wholeBetween } from './arguments.ts';
import { isUrl, takeBytes } from './fetch-bytes.ts';
import { ExitCode, print, strangersText, table, writeError } from './output.ts';
import { ownCommand, shellWord } from './own-command.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

interface FileOptions {
  readonly format?: string;
  readonly zone?: string;
  readonly spacing?: number;
  readonly clock: 'utc' | 'local';
  readonly commodity?: Commodity;
  readonly flow?: Flow;
  readonly csvMap?: string;
}

interface AddOptions extends RemoteOptions, FileOptions {
  readonly name?: string;
  readonly kind?: MountKind;
  readonly baud?: number;
  readonly every?: number;
  readonly keep?: number;
  readonly silent?: number;
  readonly tokenFile?: string;
  readonly fingerprint?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly mapping?: string;
}

/** How long the button of a meter is waited for. */
const PAIRING_MS = 120_000;
const PAIRING_PAUSE_MS = 2_000;
/** How long the first word of a meter is waited for: one that tells every 10 s was heard by then. */
const FIRST_WORD_MS = 20_000;

/** Adds the options that say how a meter file is to be read. */
function fileOptions(command: Command): Command {
  return command
    .option('--format <kind>', 'kind of a meter file, instead of finding out')
    .option('--zone <iana>', 'time zone of the meter (default: the node’s)', timeZone)
    .option(
      '--spacing <seconds>',
      'seconds between two telegrams of a log that tells no time',
      wholeBetween(1, 86_400),
    )
    .addOption(
      new Option('--clock <clock>', 'whether the epochs of a Green Button file are UTC or local time')
        .choices(['utc', 'local'])
        .default('utc'),
    )
    .addOption(
      new Option('--commodity <name>', 'what was metered, for files that do not tell').choices(COMMODITIES),
    )
    .addOption(new Option('--flow <direction>', 'direction, for files that do not tell').choices(FLOWS))
    .option('--csv-map <file>', 'JSON that says what the columns of a CSV file are');
}

/** `edmp meter add`: mounts a meter on the running node. */
export function addCommand(): Command {
  return fileOptions(remoteOptions(new Command('add')))
    .description('mount a meter on the node: it is read from now on, or the file is taken in')
    .argument(
      '<source>',
      'http(s)://HOST of a HomeWizard meter or an OEHU API, tcp://HOST:PORT of a P1 or HAN port, mqtt://HOST/TOPIC of a broker, a serial device, a folder, a meter file, or -',
    )
    .option('--name <name>', 'what to call it (default: after its kind)')
    .addOption(
      new Option('--kind <kind>', 'what it is, instead of finding out').choices(
        MOUNT_KINDS.filter((kind) => kind !== 'upload'),
      ),
    )
    .option(
      '--baud <n>',
      'speed of a serial device (default: 115200; 9600 up to DSMR 3)',
      wholeBetween(300, 3_000_000),
    )
    .option('--every <seconds>', 'pause between two looks, where the node asks', wholeBetween(1, 86_400))
    .option('--keep <days>', 'how long readings are kept (default: for good)', wholeBetween(1, 36_500))
    .option('--silent <minutes>', 'tell when nothing new came for so long', wholeBetween(1, 100_000))
    .option(
      '--token-file <file>',
      'token of a HomeWizard meter that was paired before, or key of a port (or of a file from one) that encrypts',
    )
    .option('--fingerprint <hex>', 'SHA-256 of the certificate that a HomeWizard meter or a broker must show')
    .option('--user <name>', 'name that an MQTT broker asks for')
    .option('--password-file <file>', 'password that an MQTT broker asks for')
    .option(
      '--mapping <map>',
      `what the messages of an MQTT broker hold: ${MQTT_MAPS.map(({ name }) => name).join(', ')}, or a JSON file (default: by the topic)`,
    )
    .action(async (source: string, options: AddOptions) => {
      const node = remoteNode(options);
      const place = await placeOf(source, options.kind);
      if (place.file !== undefined) {
        await addFile(node, place.file, options);
        return;
      }
      const token = options.tokenFile === undefined ? undefined : await secretOf(options.tokenFile);
      const { passwordFile, user } = options;
      const password = passwordFile === undefined ? undefined : await secretOf(passwordFile);
      const mapping = options.mapping === undefined ? undefined : await mappingOf(options.mapping);
      const { address } = place;
      const added = await paired(node, { ...requestOf(options), token, user, password, mapping, address });
      const view = await firstWord(node, added);
      print(options.json, view, () => `${mountTable([view])}\n\n${nextSteps(view, options)}`);
      if (view.state === 'lost') process.exitCode = ExitCode.failed;
    });
}

/** A secret comes from a file: what stands on a command line is seen by every user of the computer. */
export async function secretOf(file: string): Promise<string> {
  const { bytes } = await takeBytes(file);
  return Buffer.from(bytes).toString('utf8').trim();
}

/** The name of a map that is there already, or the map in a file. */
async function mappingOf(text: string): Promise<NonNullable<MountRequest['mapping']>> {
  if (MQTT_MAPS.some(({ name }) => name === text)) return text;
  const { bytes } = await takeBytes(text);
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as MqttMap;
  } catch (cause) {
    throw new NodeError('ERR_NODE_CONFIG', 'The map of the topics should be JSON', { cause });
  }
}

type FoundPlace =
  | { readonly address: string; readonly file?: undefined }
  | { readonly file: string; readonly address?: undefined };

/** What a command line names: an address, a device or folder, or a file whose bytes are taken from here. */
async function placeOf(source: string, kind: MountKind | undefined): Promise<FoundPlace> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return { address: source };
  if (source === '-') return { file: source };
  const path = resolve(source);
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && kind === undefined ? { file: path } : { address: path };
}

function requestOf(options: AddOptions): MountRequest {
  const { name, kind, zone, baud, every, keep, silent, fingerprint } = options;
  return { name, kind, zone, baud, every, keepDays: keep, silentMinutes: silent, fingerprint };
}

/** Mounts a meter; where its button must be pressed, waits for that. */
async function paired(node: NodeClient, request: MountRequest): Promise<MountView> {
  const until = performance.now() + PAIRING_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await node.addMeter(request);
    } catch (error) {
      if (!isEdmpError(error, 'ERR_METER_PAIRING') || performance.now() > until) throw error;
      if (isFirst) writeError('Press the button on the meter now; waiting two minutes for it…\n');
      await pause(PAIRING_PAUSE_MS);
    }
  }
}

/** The meter once it was heard or could not be. */
async function firstWord(node: NodeClient, added: MountView): Promise<MountView> {
  const until = performance.now() + FIRST_WORD_MS;
  let view = added;
  while (view.state === 'connecting' && performance.now() < until) {
    await pause(250);
    view = (await node.mounts()).find((mount) => mount.name === added.name) ?? view;
  }
  return view;
}

async function addFile(node: NodeClient, file: string, options: AddOptions): Promise<void> {
  const how = await importOptions(file, options);
  const { bytes, takenAt } = await takeBytes(file);
  const { name, zone, keep, tokenFile } = options;
  const token = tokenFile === undefined ? undefined : await secretOf(tokenFile);
  const { name: given } = await node.addMeter({ name, kind: 'upload', zone, keepDays: keep, token });
  let taken: ImportView;
  try {
    taken = await node.importReadings(given, bytes, { ...how, takenAt });
  } catch (error) {
    // A file that cannot be read makes no meter.
    await node.removeMeter(given);
    if (how.csvMap === undefined && how.format === undefined) await tellOfMap(bytes, file, error);
    throw error;
  }
  tellImport(given, taken, options, true);
}

/** Says how a table of no known kind can be read all the same. */
async function tellOfMap(bytes: Uint8Array, file: string, error: unknown): Promise<void> {
  if (!isEdmpError(error, 'ERR_METER_FORMAT')) return;
  const { guessCsvMap } = await import('@edmp/oehu-client/sources');
  try {
    guessCsvMap(bytes, { zone: 'UTC' });
  } catch (cause) {
    if (!isEdmpError(cause)) throw cause;
    return;
  }
  writeError(
    `It looks like a table. To say what its columns are: ${ownCommand('meter guess')} ${shellWord(file)} > map.json, look at it, and add it with --csv-map map.json\n`,
  );
}

/** `edmp meter import`: more history for a mounted meter. */
export function importCommand(): Command {
  return fileOptions(remoteOptions(new Command('import')))
    .description('record what a meter file holds, beside what the meter tells itself')
    .argument('<meter>', 'name of a mounted meter')
    .argument('<file>', 'meter file, or - for standard input')
    .action(async (meter: string, file: string, options: RemoteOptions & FileOptions) => {
      if (isUrl(file)) throw new NodeError('ERR_NODE_CONFIG', 'Give a file; an address is mounted with add');
      const node = remoteNode(options);
      const how = await importOptions(file, options);
      const { bytes, takenAt } = await takeBytes(file);
      tellImport(meter, await node.importReadings(meter, bytes, { ...how, takenAt }), options, false);
    });
}

async function importOptions(file: string, options: FileOptions): Promise<ImportOptions> {
  const { format, zone, spacing, clock, commodity, flow, csvMap } = options;
  if (csvMap === '-' && file === '-')
    throw new NodeError('ERR_NODE_CONFIG', 'Only one of file and map can come from standard input');
  return {
    format,
    zone,
    spacing,
    commodity,
    flow,
    ...(clock === 'local' ? { clock } : {}),
    csvMap: csvMap === undefined ? undefined : Buffer.from((await takeBytes(csvMap)).bytes).toString('utf8'),
  };
}

function tellImport(meter: string, taken: ImportView, options: RemoteOptions, isNew: boolean): void {
  const { format, added, corrected, duplicates, outdated, impossible, issues } = taken;
  print(options.json, { meter, ...taken }, () =>
    [
      `${meter}: ${format}, ${added} readings added, ${corrected} corrected, ${duplicates} known before${outdated === 0 ? '' : `, ${outdated} older than a correction and not taken back`}${impossible === 0 ? '' : `, ${impossible} left out: their time cannot be`}`,
      ...(isNew
        ? [`To sell from it: ${sameNodeCommand(`sell --meter ${shellWord(meter)} --price 10`, options)}`]
        : []),
    ].join('\n'),
  );
  for (const issue of issues)
    writeError(`warning: ${strangersText(issue.at)}: ${strangersText(issue.message, 500)} (${issue.code})\n`);
}

/** `edmp meter list`: the mounted meters. */
export function listCommand(): Command {
  return remoteOptions(new Command('list'))
    .description('the mounted meters and how they are')
    .action(async (options: RemoteOptions) => {
      const mounts = await remoteNode(options).mounts();
      print(options.json, mounts, () =>
        mounts.length === 0
          ? `No meter is mounted; ${sameNodeCommand('meter add SOURCE', options)} mounts one`
          : mountTable(mounts),
      );
    });
}

/** `edmp meter remove`: unmounts a meter. */
export function removeCommand(): Command {
  return remoteOptions(new Command('remove'))
    .description('stop reading a mounted meter and forget its token; its readings are kept')
    .argument('<meter>', 'name of a mounted meter')
    .option('--with-readings', 'also delete what was recorded of it', false)
    .action(async (meter: string, options: RemoteOptions & { readonly withReadings: boolean }) => {
      await remoteNode(options).removeMeter(meter, { readings: options.withReadings });
      print(options.json, { removed: meter, readings: options.withReadings ? 'deleted' : 'kept' }, () =>
        options.withReadings
          ? `${meter} and its readings are gone.`
          : `${meter} is no longer read. Its readings are kept: add it again under this name to go on, or delete them with ${sameNodeCommand(`meter remove --with-readings ${shellWord(meter)}`, options)}`,
      );
    });
}

/** `--format`: what readings are written as. */
export function formatOption(): Option {
  return new Option(
    '--format <kind>',
    'kind of file (default: after the name of the file, else csv)',
  ).choices(READING_FORMATS);
}

interface ExportCommandOptions extends RemoteOptions {
  readonly from?: string;
  readonly to?: string;
  readonly format?: ExportFormat;
  readonly output?: string;
}

/** `edmp meter export`: recorded readings as a file. */
export function exportCommand(): Command {
  return remoteOptions(new Command('export'))
    .description(
      'write recorded readings as CSV, JSON (one object a line), Parquet, CIM (IEC 61968-9) or SenML',
    )
    .argument('<meter>', 'name of a meter')
    .option('--from <day>', 'first day (default: that of the oldest reading)', day)
    .option('--to <day>', 'last day (default: that of the newest reading)', day)
    .addOption(formatOption())
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .action(async (meter: string, options: ExportCommandOptions) => {
      const { output } = options;
      const { formatOf, writeExport } = await import('./export-file.ts');
      const node = remoteNode(options);
      const known = (await node.mounts()).find((mount) => mount.name === meter);
      const from = options.from ?? dayOf(known?.oldest, -1);
      const to = options.to ?? dayOf(known?.newest, 1);
      if (from === undefined || to === undefined) {
        if (known === undefined) {
          const days = 'of a removed one name the days with --from and --to';
          throw new NodeError('ERR_NODE_NOT_FOUND', `No meter ${strangersText(meter)} is mounted; ${days}`);
        }
        throw new NodeError('ERR_NODE_CONFLICT', `Nothing was recorded of ${strangersText(meter)} yet`);
      }
      const format = formatOf(options.format, output);
      await writeExport(await node.exportReadings({ meter, from, to, format }), format, output);
    });
}

const DAY_MS = 86_400_000;
const addDays = (text: string, days: number): string =>
  new Date(Date.parse(`${text}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
/** The UTC day of a moment, moved so that the local day of any zone is within. */
const dayOf = (at: number | null | undefined, move: -1 | 1): string | undefined =>
  at === null || at === undefined ? undefined : addDays(new Date(at).toISOString().slice(0, 10), move);

const STATES: Readonly<Record<MountView['state'], string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'not reached',
  idle: 'filled by hand',
};

function mountTable(mounts: readonly MountView[]): string {
  return table(
    ['METER', 'KIND', 'STATE', 'POWER', 'READINGS', 'WHERE'],
    mounts.map((mount) => [
      mount.name,
      mount.kind,
      mount.silentSince === null ? STATES[mount.state] : 'silent',
      powerText(mount.live),
      mount.oldest === null || mount.newest === null
        ? '–'
        : `${minute(mount.oldest)} to ${minute(mount.newest)}`,
      mount.address ?? '–',
    ]),
  ).concat(
    ...mounts
      .filter(({ problem }) => problem !== null)
      .map(({ name, problem }) => `\n${strangersText(name)}: ${strangersText(problem ?? '', 300)}`),
  );
}

const minute = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}Z`;

/** Power for people: what is taken, or given as a negative number. */
export function powerText(live: MountView['live']): string {
  if (live === null) return '–';
  const { importW, exportW } = live;
  if (importW === null && exportW === null) return '–';
  return `${(importW ?? 0) - (exportW ?? 0)} W`;
}

function nextSteps(view: MountView, options: RemoteOptions): string {
  const name = shellWord(view.name);
  return view.state === 'lost'
    ? `The node goes on trying. ${sameNodeCommand('meter list', options)} shows how it is, ${sameNodeCommand(`meter remove ${name}`, options)} gives it up.`
    : `To see it run: ${sameNodeCommand(`meter watch ${name}`, options)}\nHistory from a file: ${sameNodeCommand(`meter import ${name} FILE`, options)}`;
}
