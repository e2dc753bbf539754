import { writeFile as writeToDisk } from 'node:fs/promises';
import { Command } from 'commander';
import { NodeError } from '../compose/errors.ts';
import type { ErasureView, TradeProofView } from '../service.ts';
import { print, strangersText, write } from './output.ts';
import { ownCommand } from './own-command.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';
import { tradeNamed } from './trades.ts';

/** Commands of `edmp data` about what can be shown or erased of a deal. */
export function dealCommands(): readonly Command[] {
  return [dealCommand(), proofsCommand(), eraseCommand()];
}

interface FileOptions extends RemoteOptions {
  readonly output?: string;
}

/** Writes a file that must not be there yet. Throws `ERR_NODE_CONFIG`. */
async function save(path: string, bytes: Uint8Array): Promise<void> {
  try {
    // It may show a part of the data: whoever it is meant for gets it from its owner.
    await writeToDisk(path, bytes, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `Cannot write ${JSON.stringify(path.slice(0, 200))}; name a file that does not exist yet`,
      { cause },
    );
  }
}

function dealCommand(): Command {
  return remoteOptions(
    new Command('deal').description(
      'save everything signed about a finished deal as one file that anybody can check',
    ),
  )
    .argument('<trade>', 'id from `edmp trades`, or its beginning')
    .requiredOption('-o, --output <file>', 'file to write')
    .option(
      '--with-proof',
      'put the proof that the seller cheated, or the buyer lied, in: it may show a part of the data',
      false,
    )
    .action(async (start: string, _: object, self: Command) => {
      const options = self.optsWithGlobals<FileOptions & { readonly withProof: boolean }>();
      const node = remoteNode(options);
      const { id } = await tradeNamed(node, start, options);
      const { bytes } = await node.deal(id, { withProof: options.withProof });
      const file = options.output ?? '';
      await save(file, bytes);
      print(
        options.json,
        { trade: id, file, bytes: bytes.length },
        () => `${bytes.length} bytes in ${strangersText(file)}. To check it: ${ownCommand('verify FILE')}`,
      );
    });
}

/** What proofs say, for people. */
export function proofsText(proofs: readonly TradeProofView[]): string {
  if (proofs.length === 0) return 'Nothing is proven against anybody in this deal.';
  return proofs
    .map(({ kind, against, guilty, reason, bytes }) => {
      const verdict = guilty ? `proves that the ${against} cheated` : `proves nothing against the ${against}`;
      return `${kind} (${bytes.length} bytes) ${verdict}: ${strangersText(reason, 500)}`;
    })
    .join('\n');
}

function proofsCommand(): Command {
  return remoteOptions(new Command('proofs').description('proofs of misbehaviour in a deal, judged'))
    .argument('<trade>', 'id from `edmp trades`, or its beginning')
    .option('-o, --output <file>', 'save the first proof: it may show a part of the data')
    .action(async (start: string, _: object, self: Command) => {
      const options = self.optsWithGlobals<FileOptions>();
      const node = remoteNode(options);
      const { id } = await tradeNamed(node, start, options);
      const proofs = await node.tradeProofs(id);
      if (options.output !== undefined) {
        const [first] = proofs;
        if (first === undefined) throw new NodeError('ERR_NODE_NOT_FOUND', 'There is no proof to save');
        await save(options.output, first.bytes);
      }
      print(options.json, proofs, () => proofsText(proofs));
    });
}

/** What erasing reached, for people. */
export function erasureText({ keysDestroyed, blocksDeleted, unreachable }: ErasureView): string {
  return [
    `${keysDestroyed} keys and private records destroyed, ${blocksDeleted} sealed blocks deleted.`,
    ...(unreachable.length === 0 ? [] : ['Out of reach:']),
    ...unreachable.map((what) => `  ${strangersText(what, 500)}`),
  ].join('\n');
}

function eraseCommand(): Command {
  return remoteOptions(
    new Command('erase').description(
      'destroy the keys, salts and data of a finished deal on this node, for good',
    ),
  )
    .argument('<trade>', 'id from `edmp trades`, or its beginning')
    .option('--yes', 'do not ask back', false)
    .action(async (start: string, _: object, self: Command) => {
      const options = self.optsWithGlobals<RemoteOptions & { readonly yes: boolean }>();
      const node = remoteNode(options);
      const { id, role } = await tradeNamed(node, start, options);
      if (!options.yes) {
        write(
          `This destroys what this node keeps of deal ${id} for good${role === 'buyer' ? ', the bought data included' : ''}.\nAgain with --yes to do it.\n`,
        );
        return;
      }
      const report = await node.eraseTrade(id);
      print(options.json, report, () => erasureText(report));
    });
}
