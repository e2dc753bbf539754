import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyToHex, softwareSigner, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createTrustchain } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../src/compose/data-folder.ts';
import { runCli } from '../support/run-cli.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
let folder: string;
let key: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-chain-'));
  const data = openDataFolder(folder, environment);
  const signer = softwareSigner({ crypto, secretKey: data.secretKey });
  key = publicKeyToHex(signer.publicKey);
  const store = sqliteBlockStore({ path: data.chainFile });
  const chain = await createTrustchain({ signer, crypto, store, environment });
  const peer = crypto.ed25519PublicKey(environment.randomBytes(32));
  for (const n of [1, 2]) await chain.source({ type: 'test/note', tx: { n } });
  await chain.propose({ peer, type: 'test/deal', tx: { n: 3 } });
  await chain.stop();
  await store.close();
  data.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('edmp chain', { timeout: 30_000 }, () => {
  it('shows every block with its kind and pair', async () => {
    const run = await runCli(['chain', 'show', '--data', folder, '--json']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const shown = JSON.parse(run.stdout) as {
      author: string;
      blocks: number;
      entries: Record<string, unknown>[];
    };
    expect(shown).toMatchObject({ author: key, blocks: 3 });
    expect(shown.entries.map(({ seq, type, kind, pair }) => [seq, type, kind, pair])).toEqual([
      [1, 'test/note', 'source', 'pending'],
      [2, 'test/note', 'source', 'pending'],
      [3, 'test/deal', 'proposal', 'pending'],
    ]);
    expect(shown.entries[1]?.prev).toBe(shown.entries[0]?.id);
    expect((await runCli(['chain', 'show', '--data', folder])).stdout).toContain(`Chain of ${key}: 3 blocks`);
  });

  it('verifies the folder, and the file it exports', async () => {
    const file = join(folder, 'chain.car');
    expect((await runCli(['chain', 'verify', '--data', folder])).stdout).toMatch(/^SOUND: 3 blocks/);
    expect(await runCli(['chain', 'export', '--data', folder, '-o', file])).toMatchObject({ code: 0 });
    const whole = await runCli(['chain', 'verify', file, '--json']);
    expect(whole).toMatchObject({ code: 0 });
    expect(JSON.parse(whole.stdout)).toMatchObject({ author: key, sound: true, blocks: 3, broken: 0 });
    truncateSync(file, 500);
    const cut = await runCli(['chain', 'verify', file]);
    expect(cut.code).toBe(1);
    expect(cut.stderr).toMatch(/ERR_CAR_/);
  });

  it('says what is wrong with its input', async () => {
    writeFileSync(join(folder, 'not.car'), 'nothing');
    const runs = await Promise.all([
      runCli(['chain', 'verify', join(folder, 'not.car')]),
      runCli(['chain', 'show', '--data', join(folder, 'empty')]),
      runCli(['chain', 'show', '--author', 'abc']),
      runCli(['chain', 'export', '--data', folder, '--author', '0'.repeat(64), '-o', join(folder, 'x.car')]),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([1, 2, 2, 1]);
    expect(runs[0]?.stderr).toMatch(/ERR_CAR_/);
    expect(runs[1]?.stderr).toMatch(/start a node there first/);
    expect(runs[3]?.stderr).toMatch(/No block/);
  });
});
