import { rename, rm, writeFile as writeFileOf } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { NodeError } from '../compose/errors.ts';
import type { PublishedView } from '../service.ts';
import { dealCommands } from './deals.ts';
import { print, strangersText, table, writeFile } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, remoteUrl } from './remote.ts';
import { tradeNamed } from './trades.ts';

/** `edmp data`: what was bought, as a file's text; what is published; links to sealed blocks. */
export function dataCommand(): Command {
  const command = remoteOptions(
    new Command('data').description('print bought data; show or erase a deal; publish; link to sealed data'),
  )
    .argument('<trade>', 'id from `edmp trades`')
    .addOption(new Option('--format <kind>', 'how').choices(['csv', 'json']).default('csv'))
    .action(async (id: string, options: RemoteOptions & { readonly format: 'csv' | 'json' }) => {
      const format = options.json ? 'json' : options.format;
      writeFile(await remoteNode(options).download(id, format), format);
    });
  command.addCommand(publishCommand());
  command.addCommand(
    remoteOptions(
      new Command('published').description('what everybody may read of this node over IPFS'),
    ).action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<RemoteOptions>();
      const held = await remoteNode(options).published();
      print(options.json, held, () => publishedText(held));
    }),
  );
  command.addCommand(linkCommand());
  for (const one of dealCommands()) command.addCommand(one);
  return command;
}

interface PublishOptions extends RemoteOptions {
  readonly car?: string;
  readonly withdraw?: boolean;
}

function publishCommand(): Command {
  return remoteOptions(
    new Command('publish').description(
      'give everybody your chain, so far, and the public documents of your datasets, by bitswap and over the gateway',
    ),
  )
    .option('--car <file>', 'also write the chain to a CAR file')
    .option('--withdraw', 'take everything back that was published; copies that others made stay')
    .action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<PublishOptions>();
      const node = remoteNode(options);
      if (options.withdraw === true) {
        if (options.car !== undefined)
          throw new NodeError('ERR_NODE_CONFIG', 'Give --car or --withdraw, not both');
        await node.withdrawPublished();
        print(
          options.json,
          [],
          () => 'Nothing is published any longer. Copies that others made stay theirs.',
        );
        return;
      }
      const held = await node.publish();
      const chain = held.find(({ name }) => name === 'chain');
      if (options.car !== undefined) {
        if (chain === undefined) throw new NodeError('ERR_NODE_NOT_FOUND', 'The chain has no block yet');
        await download(`${remoteUrl(options)}/ipfs/${chain.root}?format=car`, options.car);
      }
      print(options.json, held, () =>
        [
          publishedText(held),
          ...(chain === undefined
            ? []
            : ['', `Any IPFS node reads it: ipfs dag get ${chain.root}/next/link/tx`]),
          ...(options.car === undefined
            ? []
            : [`Written to ${options.car}: ipfs dag import --pin-roots=false ${options.car}`]),
        ].join('\n'),
      );
    });
}

function publishedText(held: readonly PublishedView[]): string {
  if (held.length === 0) return 'Nothing is published.';
  return table(
    ['what', 'CID', 'blocks', 'since'],
    held.map(({ name, root, blocks, at }) => [
      strangersText(name),
      strangersText(root),
      `${blocks}`,
      new Date(at).toISOString(),
    ]),
  );
}

function linkCommand(): Command {
  return remoteOptions(
    new Command('link').description(
      'where the sealed blocks of a deal are read by IPFS; a secret for who may',
    ),
  )
    .argument('<trade>', 'id from `edmp trades`, or its beginning')
    .action(async (start: string, _: object, self: Command) => {
      const options = self.optsWithGlobals<RemoteOptions>();
      const node = remoteNode(options);
      const { id } = await tradeNamed(node, start, options);
      const link = await node.contentLink(id);
      print(options.json, link, () =>
        [
          `Manifest    ${link.manifest}`,
          `Path        ${link.path}?format=car`,
          `Capability  ${link.capability}`,
          '',
          'Whoever has the path or the capability (as Authorization: Bearer …) can read the sealed blocks from the',
          'gateway until the deal is erased. They are of use only with the key of the deal.',
        ].join('\n'),
      );
    });
}

/** Writes what a URL gives to a file, which appears only when it is whole. */
async function download(url: string, path: string): Promise<void> {
  const partial = `${path}.part`;
  try {
    const response = await fetch(url, { redirect: 'error' });
    if (!response.ok || response.body === null)
      throw new NodeError('ERR_NODE_NOT_FOUND', `The node answered with status ${response.status}`);
    await writeFileOf(partial, response.body, { mode: 0o600 });
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    if (cause instanceof NodeError) throw cause;
    throw new NodeError('ERR_NODE_DATA', `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
