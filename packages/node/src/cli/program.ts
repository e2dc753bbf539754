import { isEdmpError } from '@edmp/interface';
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { buyCommand } from './buy.ts';
import { chainCommand } from './chain.ts';
import { inviteCommand, joinCommand } from './community.ts';
import { completionCommand } from './completion.ts';
import { consentsCommand } from './consents.ts';
import { currencyCommand, payCommand } from './currency.ts';
import { dataCommand } from './data.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { marketCommand } from './market.ts';
import { meterCommand } from './meter.ts';
import { oehuEmulatorCommand } from './oehu-emulator.ts';
import { cancelCommand, ordersCommand } from './orders.ts';
import { describeError, ExitCode, exitCodeOf, toJson } from './output.ts';
import { ownCommand } from './own-command.ts';
import { peersCommand } from './peers.ts';
import { sellCommand } from './sell.ts';
import { startCommand } from './start.ts';
import { tradesCommand } from './trades.ts';
import { trustCommand } from './trust.ts';
import { verifyCommand } from './verify.ts';
import { walletCommand } from './wallet.ts';

/** Where the texts of a command line go. */
export interface CommandLineOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const FIRST_STEPS: readonly (readonly [words: string, what: string])[] = [
  ['demo', 'a whole trade between four processes on this machine'],
  ['start', 'run a node with its web page (first use: with emulated meters)'],
  ['market', 'what is for sale, as the running node sees it'],
];

function firstSteps(): string {
  const width = Math.max(...FIRST_STEPS.map(([words]) => ownCommand(words).length));
  return FIRST_STEPS.map(([words, what]) => `  ${ownCommand(words).padEnd(width)}  ${what}`).join('\n');
}

/** Usage errors are to be thrown, not to end the process, at every depth. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

/** The command line with all its commands. */
export function createProgram(output: CommandLineOutput): Command {
  const program = new Command('edmp')
    .description('Sell or buy smart-meter data between strangers, with no operator in the middle.')
    .version(VERSION)
    .showHelpAfterError(`(${ownCommand('--help')} shows how)`)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the node cannot be reached.

First steps:
${firstSteps()}`,
    );

  for (const command of [
    startCommand(),
    demoCommand(),
    marketCommand(),
    sellCommand(),
    buyCommand(),
    tradesCommand(),
    dataCommand(),
    verifyCommand(),
    joinCommand(),
    inviteCommand(),
    peersCommand(),
    ordersCommand(),
    cancelCommand(),
    consentsCommand(),
    walletCommand(),
    trustCommand(),
    payCommand(),
    currencyCommand(),
    doctorCommand(),
    chainCommand(),
    meterCommand(),
    oehuEmulatorCommand(),
    completionCommand(() => program),
  ]) {
    program.addCommand(inherit(command, program));
  }
  return program;
}

/**
 * Runs `edmp` with its arguments, without the executable's. Returns the exit code, see {@link ExitCode}; never throws. With
 * `--json` a failure is one line of JSON, too: `{ "error": { "code", "message" } }`.
 */
export async function runCommandLine(args: readonly string[], output: CommandLineOutput): Promise<number> {
  const isJson = args.slice(0, [...args, '--'].indexOf('--')).includes('--json');
  const said: string[] = [];
  const err = isJson ? (text: string) => said.push(text) : output.err;
  try {
    await createProgram({ out: output.out, err }).parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said it; help and version end well.
      if (error.exitCode === 0) return ExitCode.ok;
      if (isJson)
        output.err(errorJson('ERR_NODE_CONFIG', (said[0] ?? error.message).replace(/^error: /, '')));
      return ExitCode.usage;
    }
    output.err(
      isJson
        ? errorJson(isEdmpError(error) ? error.code : 'ERR_INTERNAL', describeError(error, false))
        : `error: ${describeError(error)}\n`,
    );
    return exitCodeOf(error);
  }
}

const errorJson = (code: string, message: string): string =>
  `${toJson({ error: { code, message: message.trim() } })}\n`;
