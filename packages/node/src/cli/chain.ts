import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type BlockStore,
  hexToBytes,
  isPublicKeyHex,
  type PublicKey,
  publicKeyFromHex,
  publicKeyToHex,
} from '@edmp/interface';
import { InvalidArgumentError as BadOption, Command } from 'commander';
import { NodeError } from '../compose/errors.ts';
import { pruneCommand } from './chain-prune.ts';
import { dataOption } from './data-folder.ts';
import { takeBytes } from './fetch-bytes.ts';
import { ExitCode, strangersText, table, toJson, write } from './output.ts';

interface ChainOptions {
  readonly data: string;
  readonly author?: PublicKey;
  readonly json: boolean;
}

const author = (text: string): PublicKey => {
  if (!isPublicKeyHex(text))
    throw new BadOption('Expected a public key of 64 lower-case hexadecimal characters.');
  return publicKeyFromHex(text);
};
const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new BadOption('Expected a whole number from 1 up.');
  return value;
};

const chainOptions = (command: Command): Command =>
  command
    .addOption(dataOption('data folder of the node'))
    .option('--author <key>', 'whose chain (default: this node’s own)', author)
    .option('--json', 'print JSON', false);

/** Opens the chain file of a data folder; a running node may hold it too. */
async function openChain(
  options: ChainOptions,
): Promise<{ readonly store: BlockStore; readonly who: PublicKey }> {
  const { sqliteBlockStore } = await import('@edmp/trustchain/sqlite');
  const { nodeCrypto } = await import('@edmp/interface/crypto/node');
  const file = join(options.data, 'chain.sqlite');
  if (!existsSync(file)) {
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `No chain in ${options.data}; start a node there first, or give --data`,
    );
  }
  let who = options.author;
  if (who === undefined) {
    try {
      who = nodeCrypto().ed25519PublicKey(
        hexToBytes(readFileSync(join(options.data, 'identity.key'), 'utf8').trim()),
      );
    } catch (cause) {
      throw new NodeError('ERR_NODE_CONFIG', `No usable identity in ${options.data}; give --author`, {
        cause,
      });
    }
  }
  return { store: sqliteBlockStore({ path: file }), who };
}

/** A chain that was exported to a CAR file, read into memory. */
async function readCar(source: string): Promise<{ readonly store: BlockStore; readonly who: PublicKey }> {
  const { memoryBlockStore } = await import('@edmp/trustchain');
  const { readChainCar } = await import('@edmp/trustchain/tools');
  const { nodeCrypto } = await import('@edmp/interface/crypto/node');
  const { bytes } = await takeBytes(source);
  const store = memoryBlockStore();
  let who: PublicKey | undefined;
  const pieces = async function* (): AsyncIterable<Uint8Array> {
    yield bytes;
  };
  for await (const item of readChainCar(pieces(), nodeCrypto())) {
    if (item.kind === 'chain') who = item.author;
    else if (item.kind === 'block') await store.put([item.block]);
    else await store.putProof(item.proof.author, item.proof.id, item.proof.bytes);
  }
  if (who === undefined) throw new NodeError('ERR_NODE_CONFIG', `${source} holds no chain`);
  return { store, who };
}

async function rulesAndClock() {
  const { marketRules } = await import('@edmp/market');
  const { nodeCrypto } = await import('@edmp/interface/crypto/node');
  const crypto = nodeCrypto();
  return { crypto, now: Date.now(), rules: new Map(Object.entries(marketRules(crypto))) };
}

function showCommand(): Command {
  return chainOptions(new Command('show').description('list the blocks of a chain and what became of them'))
    .option('--from <seq>', 'first position', whole, 1)
    .option('--limit <n>', 'most blocks', whole, 100)
    .action(async (options: ChainOptions & { readonly from: number; readonly limit: number }) => {
      const { store, who } = await openChain(options);
      try {
        const { describeChain } = await import('@edmp/trustchain/tools');
        const chain = await describeChain(store, who, {
          ...(await rulesAndClock()),
          from: options.from,
          limit: options.limit,
        });
        const rows = chain.entries.map(({ block, id, kind, level, issues, pair }) => ({
          seq: block.core.seq,
          id: id.toString(),
          type: block.core.type,
          kind,
          time: new Date(block.core.time).toISOString(),
          peer: block.core.peer === null ? null : publicKeyToHex(block.core.peer),
          link: block.core.link?.toString() ?? null,
          prev: block.core.prev?.toString() ?? null,
          level,
          pair: pair?.state ?? null,
          issues: issues.map((issue) => issue.code),
        }));
        if (options.json) {
          write(
            `${toJson({ author: publicKeyToHex(who), blocks: chain.blocks, head: chain.head === null ? null : { seq: chain.head.seq, id: chain.head.id.toString() }, gaps: chain.gaps, fraud: chain.fraud, unreadable: chain.unreadable, entries: rows }, 2)}\n`,
          );
          return;
        }
        write(`Chain of ${publicKeyToHex(who)}: ${chain.blocks} blocks\n`);
        if (chain.fraud.length > 0) write(`PROVEN FRAUD: ${chain.fraud.join(', ')}\n`);
        for (const [from, to] of chain.gaps) write(`missing: positions ${from} to ${to}\n`);
        for (const { kind, seq } of chain.unreadable) {
          write(`damaged: ${kind === 'proof' ? 'a fraud proof' : `position ${seq}`}\n`);
        }
        write(
          `${table(
            ['SEQ', 'TIME', 'TYPE', 'KIND', 'PAIR', 'LEVEL', 'COUNTERPARTY', 'BLOCK'],
            rows.map((row) => [
              String(row.seq),
              row.time,
              row.type,
              row.kind,
              row.pair ?? '–',
              row.issues.length === 0 ? row.level : `${row.level} (${row.issues.join(' ')})`,
              row.peer === null ? 'anyone' : `${row.peer.slice(0, 16)}…`,
              row.id,
            ]),
          )}\n`,
        );
      } finally {
        await store.close();
      }
    });
}

function verifyCommand(): Command {
  return chainOptions(
    new Command('verify').description('check every byte, signature, hash and rule of a chain again, offline'),
  )
    .argument('[file]', 'CAR file from `edmp chain export` (default: the chain in the data folder)')
    .action(async (file: string | undefined, options: ChainOptions) => {
      const { store, who } = file === undefined ? await openChain(options) : await readCar(file);
      try {
        const { verifyChain } = await import('@edmp/trustchain/tools');
        const report = await verifyChain(store, options.author ?? who, await rulesAndClock());
        if (options.json) {
          const findings = report.findings.map(({ id, seq, issues }) => ({ id: id.toString(), seq, issues }));
          write(
            `${toJson({ ...report, author: publicKeyToHex(report.author), head: report.head === null ? null : { seq: report.head.seq, id: report.head.id.toString() }, findings }, 2)}\n`,
          );
        } else {
          write(
            `${report.sound ? 'SOUND' : 'NOT SOUND'}: ${report.blocks} blocks of ${publicKeyToHex(report.author)}, ${report.broken} broken, ${report.unreadable.length} unreadable, ${report.gaps.length} gaps, ${report.proofs} fraud proofs\n`,
          );
          for (const [from, to] of report.gaps) write(`  missing: positions ${from} to ${to}\n`);
          for (const { kind, seq, issue } of report.unreadable) {
            const what = seq === null ? `a ${kind}` : `the ${kind} at position ${seq}`;
            write(`  unreadable: ${what}: ${strangersText(issue.message, 500)} (${issue.code})\n`);
          }
          for (const finding of report.findings) {
            for (const issue of finding.issues) {
              write(`  ${finding.seq} ${finding.id}: ${strangersText(issue.message, 500)} (${issue.code})\n`);
            }
          }
        }
        if (!report.sound) process.exitCode = ExitCode.failed;
      } finally {
        await store.close();
      }
    });
}

function exportCommand(): Command {
  return chainOptions(
    new Command('export').description('write a chain as a CAR file that any IPLD tool can walk'),
  )
    .requiredOption('-o, --output <file>', 'file to write')
    .option('--links', 'add the other halves of its pairs', false)
    .action(async (options: ChainOptions & { readonly output: string; readonly links: boolean }) => {
      const { store, who } = await openChain(options);
      try {
        const { exportChainCar } = await import('@edmp/trustchain/tools');
        const { crypto } = await rulesAndClock();
        const blocks = await store.count(who);
        if (blocks === 0)
          throw new NodeError('ERR_NODE_NOT_FOUND', `No block of ${publicKeyToHex(who)} is stored here`);
        await pipeline(
          exportChainCar(store, who, {
            crypto,
            links: options.links,
            onUnreadable: ({ seq }) =>
              process.stderr.write(
                `warning: position ${seq} is damaged and left out: the file is incomplete\n`,
              ),
          }),
          createWriteStream(options.output),
        );
        const done = { file: options.output, author: publicKeyToHex(who), blocks };
        write(
          options.json
            ? `${toJson(done)}\n`
            : `Wrote ${blocks} blocks of ${done.author} to ${options.output}\n`,
        );
      } finally {
        await store.close();
      }
    });
}

/** `edmp chain show|verify|export`: the ledger of a data folder, without a running node; `prune` asks the running one. */
export function chainCommand(): Command {
  return new Command('chain')
    .description('look at, re-check, export and prune chains')
    .addCommand(showCommand())
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
    .addCommand(pruneCommand());
}
