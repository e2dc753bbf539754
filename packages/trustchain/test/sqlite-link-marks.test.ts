import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { blockOf, chainOf, itemAt, signerOf } from './support/blocks.ts';
import { codeOf } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const folder = mkdtempSync(join(tmpdir(), 'edmp-marks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file whose links all have the same mark: its secret is zero. */
function colliding(name: string): string {
  const path = join(folder, `${name}.sqlite`);
  void sqliteBlockStore({ path }).close();
  const raw = new DatabaseSync(path);
  raw.exec('UPDATE secrets SET value = zeroblob(64)');
  raw.close();
  return path;
}

describe('links of a SQLite store', () => {
  it('are told apart where their marks collide, page by page', async () => {
    const store = sqliteBlockStore({ path: colliding('pages') });
    const asked = await chainOf(alice, 20);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const { id } = itemAt(asked, n % 20);
        return blockOf(n % 2 === 0 ? bob : alice, {
          seq: n + 100,
          prev: id,
          peer: alice.publicKey,
          link: id,
        });
      }),
    );
    await store.put([...asked, ...answers]);
    for (const [n, { id }] of asked.entries()) {
      const wanted = answers.filter((_, index) => index % 20 === n);
      expect((await store.answers(id, { limit: 9 })).map(({ block }) => block)).toEqual(wanted);
      const own = { author: bob.publicKey, limit: 9 };
      const by = wanted.filter(({ core }) => core.key[0] === bob.publicKey[0]);
      expect((await store.answers(id, own)).map(({ block }) => block)).toEqual(by);
      expect((await store.answers(id, { limit: 2 })).map(({ block }) => block)).toEqual(wanted.slice(0, 2));
    }
    const questions = asked.map(({ id }) => ({ link: id, author: bob.publicKey }));
    const found = await store.answersBy(questions, 1);
    for (const [n, list] of found.entries()) {
      const wanted = answers.filter(
        ({ core }, index) => index % 20 === n && core.key[0] === bob.publicKey[0],
      );
      expect(list).toEqual(wanted.slice(0, 1));
    }
    const strangers = await chainOf(signerOf(3), 2);
    expect(await store.answers(itemAt(strangers, 1).id, { limit: 9 })).toEqual([]);
    expect(await store.answers(itemAt(asked, 0).id, { author: signerOf(9).publicKey, limit: 9 })).toEqual([]);
    await store.close();
  });

  it('need the secret of the file', () => {
    for (const [name, change] of [
      ['gone', 'DELETE FROM secrets'],
      ['short', 'UPDATE secrets SET value = zeroblob(63)'],
      ['text', "UPDATE secrets SET value = 'no bytes'"],
    ] as const) {
      const path = colliding(name);
      const raw = new DatabaseSync(path);
      raw.exec(change);
      raw.close();
      expect(codeOf(() => sqliteBlockStore({ path }))).toBe('ERR_STORE_CORRUPT');
    }
  });

  it('of unreadable rows are left out when an old file is brought up to date', async () => {
    const path = join(folder, 'old.sqlite');
    const store = sqliteBlockStore({ path });
    const proposal = await blockOf(alice);
    const answer = await blockOf(bob, { peer: alice.publicKey, link: proposal.id });
    const broken = await blockOf(bob, { seq: 2, prev: answer.id, peer: alice.publicKey, link: proposal.id });
    await store.put([proposal, answer, broken]);
    await store.close();
    const raw = new DatabaseSync(path);
    raw.exec(`
      DROP TABLE secrets; DROP INDEX blocks_link_author;
      UPDATE blocks SET bytes = x'00' WHERE seq = 2;
      UPDATE edmp_schema SET version = 2 WHERE part = 'blocks'`);
    raw.close();
    const again = sqliteBlockStore({ path });
    expect((await again.answers(proposal.id, { limit: 9 })).map(({ block }) => block)).toEqual([answer]);
    await again.close();
  });
});
