import { Command } from 'commander';
export function chainCommand(): Command {
  return new Command('chain');
}
