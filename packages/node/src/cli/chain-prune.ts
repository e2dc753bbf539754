import { Command } from 'commander';
import { bytesText } from '../bytes-text.ts';
import type { PruningView } from '../storage-service.ts';
import { print } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** `edmp chain prune`: lets the running node clean its block store now; only it knows what its open deals need. */
export function pruneCommand(): Command {
  return remoteOptions(
    new Command('prune').description(
      'let the running node remove old blocks of others that nothing needs, if it is above its disk budget',
    ),
  )
    .option('--dry-run', 'only say what would go', false)
    .action(async (options: RemoteOptions & { readonly dryRun: boolean }) => {
      const done = await remoteNode(options).pruneStorage({ dryRun: options.dryRun });
      print(options.json, done, () => said(done, options.dryRun));
    });
}

function said(
  { budget, before, after, removed, chains, left, severity, within }: PruningView,
  dryRun: boolean,
): string {
  const budgetText = bytesText(budget);
  if (severity === null) return `Nothing to do: the blocks take ${bytesText(before)} of ${budgetText}.`;
  const whose = severity === 'spare' ? 'that nobody needs' : 'whole chains of strangers among them';
  const what = `${removed} blocks of ${chains} chains, ${whose}; ${left} stay`;
  const [head, end] = dryRun
    ? [`Would remove about ${what}.`, within ? '' : ` That is not enough for the budget of ${budgetText}.`]
    : [
        `Removed ${what}: ${bytesText(before)} before, ${bytesText(after)} now.`,
        within ? '' : ` That is still above the budget of ${budgetText}, and what is left must stay.`,
      ];
  return head + end;
}
