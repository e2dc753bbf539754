import { Command } from 'commander';
import { NodeError } from '../compose/errors.ts';
import type { LiveView, MountKind, MountView } from '../meter-service.ts';
import { wholeBetween } from './arguments.ts';
import { powerText } from './meter-mount.ts';
import { strangersText, toJson, write } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

/** Width of the bar, and the powers that it may stand for when full, W. */
const BAR = 40;
const SCALES = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 10_000_000] as const;

/** Kinds of meters that tell the power of this moment. */
const TELL_POWER: readonly MountKind[] = ['homewizard', 'p1-tcp', 'p1-device', 'mqtt'];

/** One line about the power of this moment: time, watts, and a bar that grows to the right when taken, marked when given. */
export function powerLine(live: LiveView, most: number, zone?: string): string {
  const watts = (live.importW ?? 0) - (live.exportW ?? 0);
  const scale = SCALES.find((one) => one >= most) ?? most;
  const length = Math.min(BAR, Math.round((Math.abs(watts) / scale) * BAR));
  const time = new Date(live.at).toLocaleTimeString('en-GB', {
    hour12: false,
    ...(zone === undefined ? {} : { timeZone: zone }),
  });
  const way = watts < 0 ? 'given' : 'taken';
  return `${time}  ${powerText(live).padStart(9)} ${way}  ${(watts < 0 ? '░' : '█').repeat(length).padEnd(BAR)}  ${scale} W`;
}

interface WatchOptions extends RemoteOptions {
  readonly count?: number;
}

/** `edmp meter watch`: the power of a meter as it runs. */
export function watchCommand(): Command {
  return remoteOptions(new Command('watch'))
    .description('show the power of a mounted meter as it runs; ends with Ctrl+C')
    .argument('[meter]', 'name of a mounted meter (default: the first that runs)')
    .option('--count <n>', 'end after so many readings', wholeBetween(1, 1_000_000))
    .action(async (name: string | undefined, options: WatchOptions) => {
      const node = remoteNode(options);
      const mounts = await node.mounts();
      const meter =
        name === undefined
          ? mounts.find(({ kind }) => TELL_POWER.includes(kind))
          : mounts.find((one) => one.name === name);
      if (meter === undefined)
        throw new NodeError(
          'ERR_NODE_NOT_FOUND',
          `There is no meter to watch${name === undefined ? '' : ` named ${strangersText(name)}`}; ${sameNodeCommand('meter list', options)} shows yours`,
        );
      if (!TELL_POWER.includes(meter.kind))
        throw new NodeError(
          'ERR_NODE_CONFLICT',
          `${meter.name} tells no power of this moment; its days are on the page`,
        );
      if (!options.json) write(`${headline(meter)}\n`);
      await follow(meter, node, options);
    });
}

function headline(meter: MountView): string {
  const state = meter.state === 'live' ? '' : `; ${meter.problem ?? 'nothing was heard yet'}`;
  return `${strangersText(meter.name)} (${meter.kind})${strangersText(state, 300)}`;
}

/** On a terminal one line that changes, elsewhere a line a reading. */
function follow(meter: MountView, node: ReturnType<typeof remoteNode>, options: WatchOptions): Promise<void> {
  const isTerminal = process.stdout.isTTY === true && !options.json;
  let most = 0;
  let told = 0;
  return new Promise((resolve, reject) => {
    const stop = node.follow({
      onLive(live) {
        if (live.meter !== meter.name) return;
        most = Math.max(most, live.importW ?? 0, live.exportW ?? 0);
        if (options.json) write(`${toJson(live)}\n`);
        // What goes before the text are our own control characters: back to the start, and the line cleared.
        else if (isTerminal) process.stdout.write(`\r\u001b[K${powerLine(live, most)}`);
        else write(`${powerLine(live, most)}\n`);
        told += 1;
        if (told === options.count) end();
      },
      onEvent(event) {
        if (
          event.type !== 'meter' ||
          event.id !== meter.name ||
          / has new readings$/.test(event.text) ||
          options.json
        )
          return;
        write(`${isTerminal ? '\n' : ''}${event.text}\n`);
      },
      onLost(error) {
        stop();
        reject(error);
      },
    });
    const end = (): void => {
      stop();
      process.off('SIGINT', end);
      if (isTerminal) write('\n');
      resolve();
    };
    process.on('SIGINT', end);
  });
}
