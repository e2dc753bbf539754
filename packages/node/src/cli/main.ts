#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { chainCommand } from './chain.ts';
import { demoCommand } from './demo.ts';
import { marketCommands } from './market.ts';
import { meterCommand } from './meter.ts';
import { oehuEmulatorCommand } from './oehu-emulator.ts';
import { describeError, ExitCode, exitCodeOf } from './output.ts';
import { startCommand } from './start.ts';

const program = new Command('edmp')
  .description('Sell or buy smart-meter data between strangers, with no operator in the middle.')
  .version(VERSION)
  .showHelpAfterError('(edmp --help shows how)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the node cannot be reached.

First steps:
  edmp demo            a whole trade between four processes on this machine
  edmp start           run a node with its web page (first use: with emulated meters)
  edmp market          what is for sale, as the running node sees it`,
  );

/** Usage errors are to be thrown, not to end the process, at every depth. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

for (const command of [
  startCommand(),
  demoCommand(),
  ...marketCommands(),
  chainCommand(),
  meterCommand(),
  oehuEmulatorCommand(),
]) {
  program.addCommand(inherit(command, program));
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its text; help and version end well.
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  } else {
    process.stderr.write(`error: ${describeError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
