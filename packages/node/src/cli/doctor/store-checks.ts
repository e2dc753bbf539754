import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { hexToBytes } from '@edmp/interface';
import { sameNodeCommand } from '../remote.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** How far a block may be ahead of the local clock before others defer it, ms (DESIGN §3.3). */
const CLOCK_TOLERANCE_MS = 300_000;

/** Checks the SQLite files, every block of this node's chain from its bytes, and the clock against the newest of them. */
export async function checkStores(folder: string, now: number): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const name of ['chain.sqlite', 'records.sqlite']) {
    const file = join(folder, name);
    findings.push(
      existsSync(file)
        ? await checkDatabase(name, file)
        : warning(name, `none yet; ${sameNodeCommand('start', { data: folder })} makes it`),
    );
  }
  const broken = findings.some((finding) => finding.level !== 'ok');
  return broken ? findings : [...findings, ...(await checkChain(folder, now))];
}

async function checkDatabase(name: string, file: string): Promise<Finding> {
  // Loaded only here: Node 22 warns of it, and most commands do without.
  const sqlite = await import('node:sqlite');
  const damaged = (why: string): Finding =>
    problem(name, `damaged: ${why}; stop the node and restore the folder from a backup`);
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(file, { readOnly: true });
    const [row] = database.prepare('PRAGMA quick_check(1)').all();
    const answer = String(Object.values(row ?? {})[0]);
    return answer === 'ok' ? ok(name, 'SQLite finds no damage') : damaged(answer);
  } catch (error) {
    return damaged((error as Error).message);
  } finally {
    database?.close();
  }
}

async function checkChain(folder: string, now: number): Promise<readonly Finding[]> {
  const [{ sqliteBlockStore }, { verifyChain }, { marketRules }, { nodeCrypto }] = await Promise.all([
    import('@edmp/trustchain/sqlite'),
    import('@edmp/trustchain/tools'),
    import('@edmp/market'),
    import('@edmp/interface/crypto/node'),
  ]);
  const crypto = nodeCrypto();
  const identity = readFileSync(join(folder, 'identity.key'), 'utf8').trim();
  const key = crypto.ed25519PublicKey(hexToBytes(identity));
  const store = sqliteBlockStore({ path: join(folder, 'chain.sqlite') });
  try {
    const rules = new Map(Object.entries(marketRules(crypto)));
    const report = await verifyChain(store, key, { crypto, now, rules });
    const head = await store.head(key);
    const ahead = (head?.core.time ?? 0) - now;
    return [
      report.sound
        ? ok('chain', `${report.blocks} own blocks, each verified again from its bytes`)
        : problem(
            'chain',
            `of ${report.blocks} own blocks ${report.broken} break a rule, ${report.gaps.length} stretches are missing, ${report.proofs} proofs of fraud; see ${sameNodeCommand('chain verify', { data: folder })}`,
          ),
      ahead > CLOCK_TOLERANCE_MS
        ? problem(
            'clock',
            `this machine's clock is ${Math.ceil(ahead / 60_000)} minutes behind the newest own block; set it`,
          )
        : ok('clock', `${new Date(now).toISOString()}, not before the newest own block`),
    ];
  } finally {
    await store.close();
  }
}
