import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError as BadOption, Command, Option } from 'commander';
import { DEMO_FAULTS, type DemoFault } from '../demo/options.ts';
import { currencyLabel } from './arguments.ts';
import { ExitCode, toJson, write } from './output.ts';

interface DemoCommandOptions {
  readonly json: boolean;
  readonly seed: number;
  readonly price?: bigint;
  readonly currency?: string;
  readonly keep: boolean;
  readonly fault?: DemoFault;
}

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new BadOption('Expected a whole number from 0 up.');
  return value;
};
const money = (text: string): bigint => {
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new BadOption('Expected a whole number from 1 to 9999.');
  return BigInt(text);
};

/** `edmp demo`: a whole trade between four processes on this machine. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('sell a day of smart-meter data between two nodes on this machine, step by step')
    .option('--json', 'print one JSON object as the last line', false)
    .option('--seed <number>', 'which invented household', whole, 2)
    .option('--price <minor>', 'price of the day (default: 10)', money)
    .option(
      '--currency <label>',
      'pay with a community token, whose notary is a process of its own',
      currencyLabel,
    )
    .option('--keep', 'keep the nodes’ files and say where they are', false)
    .addOption(
      new Option('--fault <kind>', 'let something go wrong, to see the defences').choices(DEMO_FAULTS),
    )
    .action(async (options: DemoCommandOptions) => {
      const { runDemo } = await import('../demo/run-demo.ts');
      const folder = await mkdtemp(join(tmpdir(), 'edmp-demo-'));
      const main = fileURLToPath(
        new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url),
      );
      const report = await runDemo({
        command: [process.execPath, ...process.execArgv, main],
        folder,
        seed: options.seed,
        price: options.price ?? 10n,
        ...(options.currency === undefined ? {} : { currency: options.currency }),
        ...(options.fault === undefined ? {} : { fault: options.fault }),
        // Takes a second; a machine that is busy with other things gets its time.
        timeoutMs: 60_000,
        write,
        now: () => performance.now(),
      });
      if (!options.keep) await rm(folder, { recursive: true, force: true });
      if (report.ok) {
        write(
          [
            `Done in ${(report.elapsedMs / 1000).toFixed(1)} s.${options.keep ? ` Files: ${folder}` : ''}`,
            '',
            'Where to look next:',
            '  npx -y pnpm@10.34.9 start           run your own node with its web page',
            '  npx -y pnpm@10.34.9 edmp --help     the command line',
            '  npx -y pnpm@10.34.9 demo --currency SUN         pay with a community token and its notary',
            '  npx -y pnpm@10.34.9 demo --fault kill-seller    see what happens when a side cheats or dies',
            '  README.md, ARCHITECTURE.md          how it works and what it does not do yet',
            '',
          ].join('\n'),
        );
      }
      if (options.json) write(`${toJson(report)}\n`);
      process.exitCode = report.ok ? ExitCode.ok : ExitCode.failed;
    });
}
