import { Command } from 'commander';
export function meterCommand(): Command {
  return new Command('meter');
}
