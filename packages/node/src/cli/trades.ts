import { Command, Option } from 'commander';
import type { TradeView } from '../service.ts';
import { print, strangersText, writeFile } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** A trade's steps for people. */
export function tradeText(trade: TradeView): string {
  return [
    `Trade ${trade.id}`,
    `You are the ${trade.role}; ${trade.price} ${trade.currency}; ${trade.state}${trade.failed === null ? '' : `: ${strangersText(trade.failed, 500)}`}`,
    ...trade.steps.map((step) =>
      `  ${step.name.padEnd(18)} ${step.at === null ? '' : new Date(step.at).toISOString()}  ${(step.signedBy ?? '').padEnd(6)}  ${step.block ?? ''}`.trimEnd(),
    ),
    `Most you can lose now: ${trade.atRisk} ${trade.currency}`,
  ].join('\n');
}

/** `edmp trades`: both sides' deals, step by step. */
export function tradesCommand(): Command {
  return remoteOptions(new Command('trades').description('your deals, step by step')).action(
    async (options: RemoteOptions) => {
      const all = await remoteNode(options).trades();
      print(options.json, all, () => (all.length === 0 ? 'No deals yet.' : all.map(tradeText).join('\n\n')));
    },
  );
}

/** `edmp data`: what was bought, as a file's text. */
export function dataCommand(): Command {
  return remoteOptions(new Command('data').description('print bought data'))
    .argument('<trade>', 'id from `edmp trades`')
    .addOption(new Option('--format <kind>', 'how').choices(['csv', 'json']).default('csv'))
    .action(async (id: string, options: RemoteOptions & { readonly format: 'csv' | 'json' }) => {
      const format = options.json ? 'json' : options.format;
      writeFile(await remoteNode(options).download(id, format), format);
    });
}
