import type { Complaint } from './report.ts';
import type { Runtime } from './tools.ts';

/** How the packages of a folder were installed: one alone, as a newcomer does, or all with every optional peer. */
export type Install = 'alone' | 'with peers';

/** An import that is meant to fail, and with which code. */
export interface Refusal {
  readonly entry: string;
  /** Runtimes that it is about. */
  readonly runtimes: 'all' | readonly Runtime['name'][];
  readonly install: Install;
  /** `error.code`. */
  readonly code: string;
  /** What the message must name, so that its reader knows what to do. */
  readonly names: string;
  readonly reason: string;
}

/** Entries that need optional peers, which somebody who installs the package alone does not get. */
const needsPeers = (entry: string, code: string, names: string, reason: string): Refusal => ({
  entry,
  runtimes: 'all',
  install: 'alone',
  code,
  names,
  reason,
});

/** Every import, call or program that may fail. All others must succeed, and those that succeed must not stand here. */
export const refusals: readonly Refusal[] = [
  needsPeers(
    '@edmp/interface/crypto/noble',
    'ERR_CRYPTO_PROVIDER',
    'npm install "@noble/ciphers@',
    'cryptography in JavaScript is an optional peer: Node has its own',
  ),
  needsPeers(
    '@edmp/interface/crypto/web',
    'ERR_CRYPTO_PROVIDER',
    'npm install "@noble/ciphers@',
    'the same; browsers have no ChaCha20-Poly1305',
  ),
  needsPeers(
    '@edmp/trustchain/libp2p',
    'ERR_NETWORK_PROVIDER',
    'npm install "@libp2p/circuit-relay-v2@',
    'libp2p is an optional peer: browsers, simulations and networks of one’s own do without',
  ),
  {
    entry: 'nodeCrypto()',
    runtimes: ['bun'],
    install: 'alone',
    code: 'ERR_CRYPTO_PROVIDER',
    names: 'npm install "@noble/ciphers@',
    reason:
      'createCipheriv of Bun knows no ChaCha20-Poly1305, and @noble/ciphers, which is used there, is no dependency',
  },
  {
    entry: 'node.ts',
    runtimes: ['bun'],
    install: 'alone',
    code: 'ERR_CRYPTO_PROVIDER',
    names: 'npm install "@noble/ciphers@',
    reason:
      'the same; a whole node is a program for Node, and carries no second implementation of its cipher',
  },
];

/** What a program found when it imported an entry. */
export type ImportOutcome =
  | { readonly entry: string; readonly exports: number; readonly globals?: readonly string[] }
  | { readonly entry: string; readonly code: string; readonly message: string }
  | { readonly entry: string; readonly hangs: true };

/** Global names that appear when an entry is imported and are not ours. */
const foreignGlobals: readonly (readonly [RegExp, string])[] = [
  [/^Symbol\(undici\./, 'Node, when fetch is first named'],
  [/^nodeBootstrap$/, 'Deno, when its Node modules are first loaded'],
  [/^__zod_global/, 'zod, which is inside of @edmp/node'],
  [/^Symbol\((?:\$\$jest-|matchers-|asymmetric-|expect-)/, 'vitest, the peer of @edmp/testing'],
];

/** What runtimes print of themselves when a program is run: that `node:sqlite` is new, where the types were stripped. */
const NOTICES =
  /^(?:\(node:\d+\) (?:ExperimentalWarning|\[MODULE_TYPELESS)|\(Use `node --trace-warnings|\s*$)/;

/** What entries printed while they were imported, from the whole output of the program; undefined when it is nothing. */
export function judgeOutput(output: string): Complaint {
  const said = output.split('\n').filter((line) => !/^\{"(?:entry|done)"/.test(line) && !NOTICES.test(line));
  return said.length === 0 ? undefined : `importing prints\n${said.slice(0, 10).join('\n')}`;
}

/** Whether an import went as {@link refusals} say; undefined when it did. */
export function judgeImport(
  outcome: ImportOutcome | undefined,
  runtime: Runtime['name'],
  install: Install,
  table: readonly Refusal[] = refusals,
): Complaint {
  if (outcome === undefined) return 'the program ended before it came to this entry';
  if ('hangs' in outcome) return 'the import never ends';
  const refusal = table.find(
    (row) =>
      row.entry === outcome.entry &&
      row.install === install &&
      (row.runtimes === 'all' || row.runtimes.includes(runtime)),
  );
  if ('exports' in outcome) {
    if (refusal !== undefined) {
      return `expected ${refusal.code} (${refusal.reason}), but it can be imported: take it out of the table`;
    }
    const globals = (outcome.globals ?? []).filter(
      (name) => !foreignGlobals.some(([known]) => known.test(name)),
    );
    if (globals.length > 0) return `importing it adds global names: ${globals.join(', ')}`;
    return outcome.exports > 0 ? undefined : 'exports nothing';
  }
  const came = `${outcome.code}: ${outcome.message.split('\n')[0]}`;
  if (refusal === undefined) return came;
  if (outcome.code !== refusal.code) return `expected ${refusal.code} (${refusal.reason}), got ${came}`;
  if (!outcome.message.includes(refusal.names))
    return `expected a message that names ${refusal.names}, got ${came}`;
  return undefined;
}
