import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError as BadOption, Command, Option } from 'commander';
import { NodeError } from '../compose/errors.ts';
import { DEMO_FAULTS, type DemoFault } from '../demo/options.ts';
import { currencyLabel } from './arguments.ts';
import { ExitCode, toJson, write } from './output.ts';
import { isSource, ownCommand } from './own-command.ts';

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

const NEXT_STEPS: readonly (readonly [words: string, what: string])[] = [
  ['start', 'run your own node with its web page'],
  ['--help', 'the command line'],
  ['demo --currency SUN', 'pay with a community token and its notary'],
  ['demo --fault kill-seller', 'see what happens when a side cheats or dies'],
];
function nextSteps(): string[] {
  const steps = [
    ...NEXT_STEPS.map(([words, what]) => [ownCommand(words), what] as const),
    [
      isSource() ? 'README.md, ARCHITECTURE.md' : 'https://github.com/edmp/edmp#readme',
      'how it works and what it does not do yet',
    ] as const,
  ];
  const width = Math.max(...steps.map(([command]) => command.length));
  return steps.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`);
}

/** A new folder for the nodes' files; `ERR_NODE_DATA` when there can be none. */
async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'edmp-demo-'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError(
      'ERR_NODE_DATA',
      `The folder for temporary files cannot be used; set TMPDIR to one that can: ${why}`,
      { cause },
    );
  }
}

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
      const folder = await temporaryFolder();
      const report = await runDemo({
        // As this process was started: from an installed package or from sources.
        command: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
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
            ...nextSteps(),
            '',
          ].join('\n'),
        );
      }
      if (options.json) write(`${toJson(report)}\n`);
      process.exitCode = report.ok ? ExitCode.ok : ExitCode.failed;
    });
}
