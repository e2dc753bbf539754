import { bytesToHex, hexToBytes } from '@edmp/interface';
import { Command } from 'commander';
import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import type { CurrencyView } from '../service.ts';
import { amount, blockHex, collect, currencyLabel, publicKey, wholeBetween } from './arguments.ts';
import { print, table } from './output.ts';
import { ownCommand } from './own-command.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

/**
 * A currency by its id, or by its label or name when that is one that its owner chose: anybody may open a `SUN`, so those
 * that were only met go by their ids. Throws `ERR_NODE_NOT_FOUND`, `ERR_NODE_CONFLICT`.
 */
export async function currencyNamed(
  node: NodeClient,
  name: string,
  options: RemoteOptions,
): Promise<CurrencyView> {
  const known = await node.currencies();
  const byId = known.find(({ id }) => id === name);
  if (byId !== undefined) return byId;
  const called = known.filter((currency) => currency.label === name || currency.name === name);
  const chosen = called.filter((currency) => currency.chosen);
  const [found] = chosen;
  if (found !== undefined && chosen.length === 1) return found;
  const [first] = called;
  if (first === undefined) {
    throw new NodeError(
      'ERR_NODE_NOT_FOUND',
      `No currency ${JSON.stringify(name.slice(0, 80))} is known here; ${sameNodeCommand('currency show', options)} lists those that are`,
    );
  }
  throw new NodeError(
    'ERR_NODE_CONFLICT',
    found === undefined
      ? `This node only met the currency ${first.label}, issued by ${first.issuer ?? ''}; anybody may use that label. If it is the one you mean, give its id: ${first.id}`
      : `${chosen.length} currencies are called ${found.label}; give the id of the one you mean: ${chosen.map(({ id }) => id).join(', ')}`,
  );
}

function currencyText(currency: CurrencyView): string {
  return [
    `Currency   ${currency.name}${currency.own ? ' (yours)' : ''}`,
    `Id         ${currency.id}`,
    `Decimals   ${currency.precision}`,
    ...(currency.test
      ? ['Test money: free for everybody, worth nothing.']
      : [
          `Issuer     ${currency.issuer ?? ''}`,
          ...currency.notaries.map((key, index) => `${index === 0 ? 'Notaries' : '        '}   ${key}`),
          ...(currency.block === null
            ? []
            : [
                `Block      ${bytesToHex(currency.block)}`,
                `Others add it with: ${ownCommand('currency add <block>')}`,
              ]),
        ]),
  ].join('\n');
}

function currencyTable(currencies: readonly CurrencyView[]): string {
  return table(
    ['CURRENCY', 'DECIMALS', 'NOTARIES', 'ID'],
    currencies.map((currency) => [
      `${currency.name}${currency.own ? ' (yours)' : ''}`,
      String(currency.precision),
      currency.test ? 'none: test money' : String(currency.notaries.length),
      currency.id,
    ]),
  );
}

/** `edmp currency`: opens, shows and adds kinds of money. */
export function currencyCommand(): Command {
  const command = new Command('currency').description('kinds of money: issue your own, look at known ones');
  command.addCommand(
    remoteOptions(
      new Command('issue').description('open a currency of your own; its notaries are fixed for good'),
    )
      .argument('<label>', '2 to 12 upper-case letters and digits, e.g. SUN', currencyLabel)
      .option('--precision <n>', 'decimals that people see', wholeBetween(0, 8), 2)
      .option(
        '--notary <key>',
        'statement key of a notary; give 1, 4 or 7 (default: this node)',
        (text, all) => collect(publicKey(text), all as readonly string[] | undefined),
      )
      .action(
        async (
          label: string,
          options: RemoteOptions & { readonly precision: number; readonly notary?: readonly string[] },
        ) => {
          const { precision, notary } = options;
          const currency = await remoteNode(options).issueCurrency({
            label,
            precision,
            ...(notary === undefined ? {} : { notaries: notary }),
          });
          print(
            options.json,
            currency,
            () =>
              `${currencyText(currency)}\n\nNothing of it exists yet. To make some: ${sameNodeCommand(`pay ${label} <public key> <amount>`, options)}`,
          );
        },
      ),
  );
  command.addCommand(
    remoteOptions(new Command('show').description('the currencies known here, or one of them'))
      .argument('[currency]', 'its id or label')
      .action(async (name: string | undefined, options: RemoteOptions) => {
        const node = remoteNode(options);
        if (name === undefined) {
          const all = await node.currencies();
          print(options.json, all, () => currencyTable(all));
          return;
        }
        const currency = await currencyNamed(node, name, options);
        print(options.json, currency, () => currencyText(currency));
      }),
  );
  command.addCommand(
    remoteOptions(new Command('add').description('make a currency of somebody else known here'))
      .argument('<block>', 'its signed block in hexadecimal, as `edmp currency show` prints it', blockHex)
      .action(async (block: string, options: RemoteOptions) => {
        const currency = await remoteNode(options).addCurrency(hexToBytes(block));
        print(options.json, currency, () => currencyText(currency));
      }),
  );
  return command;
}

/** `edmp pay`: money to somebody outside any trade; from an issuer it mints. */
export function payCommand(): Command {
  return remoteOptions(new Command('pay').description('pay somebody outside a trade'))
    .argument('<currency>', 'its id or label')
    .argument('<to>', 'public key of the payee', publicKey)
    .argument('<amount>', 'minor units', amount)
    .option('--memo <text>', 'what the payee reads, at most 64 characters')
    .action(
      async (name: string, to: string, sum: bigint, options: RemoteOptions & { readonly memo?: string }) => {
        const node = remoteNode(options);
        const currency = await currencyNamed(node, name, options);
        const payment = await node.transfer({
          wallet: currency.id,
          to,
          amount: sum,
          ...(options.memo === undefined ? {} : { memo: options.memo }),
        });
        print(options.json, payment, () => `Paid ${sum} ${currency.name} to ${to}: block ${payment.id}`);
      },
    );
}
