import { Command } from 'commander';
import { currencyNamed } from './currency.ts';
import { print, table } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** `edmp wallet`: balances, or one wallet's movements. */
export function walletCommand(): Command {
  return remoteOptions(new Command('wallet').description('balances, or one wallet’s movements'))
    .argument('[id]', 'DUM1, the id or label of a currency, or EW for licences')
    .action(async (id: string | undefined, options: RemoteOptions) => {
      const node = remoteNode(options);
      if (id === undefined) {
        const wallets = await node.wallets();
        print(options.json, wallets, () =>
          [
            table(
              ['WALLET', 'FREE', 'HELD', 'PENDING', 'EARNED', 'ID'],
              wallets.map((view) => [
                view.symbol,
                String(view.available),
                String(view.held),
                String(view.pending),
                view.test ? String(view.earned) : '–',
                view.id,
              ]),
            ),
            '',
            `Your address: ${wallets[0]?.address ?? ''}`,
            'What is earned in test money is shown and not spent again: everybody spends what it was given.',
          ].join('\n'),
        );
        return;
      }
      const wallet = id === 'EW' ? id : (await currencyNamed(node, id, options)).id;
      const movements = await node.transactions(wallet);
      print(options.json, movements, () =>
        movements.length === 0
          ? 'No movements yet.'
          : table(
              ['TIME', 'AMOUNT', 'STATUS', 'WHAT'],
              movements.map((row) => [
                // A grant is older than every block.
                row.time <= 0 ? '–' : new Date(row.time).toISOString(),
                `${row.direction === 'in' ? '+' : '−'}${row.amount}`,
                row.status,
                row.description,
              ]),
            ),
      );
    });
}
