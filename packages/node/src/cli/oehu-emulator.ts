import { systemEnvironment } from '@edmp/interface';
import { Command, Option } from 'commander';
import { NodeError } from '../compose/errors.ts';
import { wholeBetween as whole } from './arguments.ts';
import { endWithSignals, endWithStdin } from './leash.ts';
import { toJson, write } from './output.ts';

const ZONE = 'Europe/Amsterdam';

interface EmulatorOptions {
  readonly port: number;
  readonly seed: number;
  readonly households: number;
  readonly days: number;
  readonly readyJson: boolean;
  readonly leash: boolean;
}

/** `edmp oehu-emulator`: serves the OEHU API for invented households. */
export function oehuEmulatorCommand(): Command {
  return new Command('oehu-emulator')
    .description('serve the OEHU API on loopback for invented households (api.oehu.org is gone)')
    .option('--port <port>', 'port; 0 = any free one', whole(0, 65_535), 8085)
    .option('--seed <number>', 'which households', whole(0, Number.MAX_SAFE_INTEGER), 7)
    .option('--households <n>', 'how many', whole(1, 500), 2)
    .option('--days <n>', 'days of history', whole(1, 60), 3)
    .addOption(new Option('--ready-json', 'print one JSON line when ready').default(false).hideHelp())
    .addOption(new Option('--leash', 'end when stdin closes').default(false).hideHelp())
    .action(async (options: EmulatorOptions) => {
      const { startOehuEmulator } = await import('@edmp/oehu-client/emulator');
      const { zoneOf } = await import('@edmp/oehu-client');
      const emulator = await startOehuEmulator({
        port: options.port,
        seed: options.seed,
        households: options.households,
        days: options.days,
        zone: ZONE,
        environment: systemEnvironment(),
      }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EADDRINUSE') throw cause;
        throw new NodeError('ERR_NODE_CONFLICT', `Port ${options.port} is in use; choose another --port`, {
          cause,
        });
      });
      const stop = (): Promise<void> => emulator.stop();
      if (options.leash) endWithStdin(stop);
      endWithSignals(stop);
      if (options.readyJson) {
        write(
          `${toJson({ ready: true, url: emulator.url, controlUrl: emulator.controlUrl, day: zoneOf(ZONE).dateOf(emulator.now() - 1) })}\n`,
        );
        return;
      }
      write(
        `OEHU emulator (invented households, not real people)\n  API      ${emulator.url}\n  Control  ${emulator.controlUrl}\nStop with Ctrl+C.\n`,
      );
    });
}
