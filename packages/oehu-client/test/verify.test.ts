import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { startOehuEmulator } from '@edmp/oehu-client/emulator';
import { verifyTransaction, verifyTransactionChain, verifyTransactions } from '@edmp/oehu-client/oehu';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
interface Input {
  fulfillment: string;
  fulfills: { transaction_id: string; output_index: number };
  owners_before: string[];
}
interface Tree {
  id: string;
  inputs: [Input];
  metadata: {
    electricityReceived: Record<string, number>;
    location: { coordinates: unknown[] };
    occupants: unknown;
    gasReceived: unknown;
  };
}
const clone = (value: unknown): Tree => structuredClone(value) as Tree;
const sha3 = (text: string): Buffer => createHash('sha3-256').update(text).digest();
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};
/** Recomputes the id, as somebody who covers up a change would. */
const rehash = (transaction: Tree): Tree => ({
  ...transaction,
  id: sha3(JSON.stringify(sorted({ ...transaction, id: null }))).toString('hex'),
});

describe('verification', () => {
  let stop: () => Promise<void>;
  let chain: readonly Tree[] = [];
  let create: Tree;
  let key = '';

  beforeAll(async () => {
    const emulator = await startOehuEmulator({ households: 1, days: 1, readingEverySeconds: 3600 });
    stop = emulator.stop;
    const [device] = emulator.devices;
    if (device === undefined) throw new Error('there is a device');
    chain = device.rows(0, 25).map((row) => clone(row.transaction));
    create = clone(device.create);
    key = device.publicKey;
  });
  afterAll(() => stop());

  it('accepts what an independent signer made, and names the key', () => {
    for (const transaction of [create, ...chain]) {
      expect(verifyTransaction(transaction, { crypto, pinnedKey: key })).toMatchObject({
        level: 'signed',
        signer: key,
        holder: key,
        reasons: [],
      });
    }
  });

  it('refuses the six tamper classes, each with its reason', () => {
    const original = chain[3] as Tree;
    const tampered = (change: (transaction: Tree) => void): Tree => {
      const copy = clone(original);
      change(copy);
      return copy;
    };
    const energy = (copy: Tree) => copy.metadata.electricityReceived;
    // biome-ignore format: a table
    const cases: readonly (readonly [string, Tree, string, string])[] = [
      ['one watt hour more', tampered((copy) => Object.assign(energy(copy), { total: Number(energy(copy).total) + 0.001 })), 'unsigned', 'id-mismatch'],
      ['a moved house', tampered((copy) => Object.assign(copy.metadata.location, { coordinates: ['1', '2'] })), 'unsigned', 'id-mismatch'],
      ['a number for a string', tampered((copy) => Object.assign(copy.metadata, { occupants: Number(copy.metadata.occupants) })), 'unsigned', 'id-mismatch'],
      ['a change with its id recomputed', rehash(tampered((copy) => Object.assign(energy(copy), { total: 1 }))), 'intact', 'signature'],
      ['another link', rehash(tampered((copy) => Object.assign(copy.inputs[0].fulfills, { transaction_id: 'ab'.repeat(32) }))), 'intact', 'signature'],
      ['another key', rehash(tampered((copy) => Object.assign(copy.inputs[0], { owners_before: ['96aTGtJ8b72BxszoXuvhzydXJpWbr5xB3yuDqECdbwha'] }))), 'intact', 'owner-mismatch'],
    ];
    for (const [name, transaction, level, reason] of cases) {
      const result = verifyTransaction(transaction, { crypto });
      expect([result.level, result.reasons.at(-1)?.code], name).toEqual([level, reason]);
      expect(result.signer, name).toBeNull();
    }
    const wrongPin = verifyTransaction(original, {
      crypto,
      pinnedKey: 'BP2m78sD8gUuq1PVNgk5yPM2UcUKyaJ1X4gKT5cXfYJA',
    });
    expect([wrongPin.level, wrongPin.reasons[0]?.code]).toEqual(['intact', 'not-pinned-key']);
  });

  it('reaches `signed` for no change of a single character anywhere', () => {
    const text = JSON.stringify(chain[5]);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: text.length - 1 }),
        fc.integer({ min: 32, max: 126 }),
        (at, code) => {
          const character = String.fromCharCode(code);
          if (text[at] === character) return;
          let changed: unknown;
          try {
            changed = JSON.parse(text.slice(0, at) + character + text.slice(at + 1));
          } catch {
            return;
          }
          const { level } = verifyTransaction(changed, { crypto });
          // Another spelling of the same value (1.5e0) is the same document.
          if (JSON.stringify(changed) !== text) expect(['unsigned', 'intact']).toContain(level);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(verifyTransaction(value, { crypto }).level).toBe('unsigned');
      }),
      { numRuns: 500 },
    );
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown;
    expect(verifyTransaction({ ...create, metadata: deep }, { crypto }).level).toBe('unsigned');
    expect(verifyTransaction({ ...create, metadata: { '\u{1f600}': 1 } }, { crypto }).reasons[0]?.code).toBe(
      'not-a-transaction',
    );
  });

  it('links a run in any order, and anchors it with its CREATE', async () => {
    const shuffled = [...chain].reverse();
    expect(await verifyTransactionChain(shuffled, { crypto })).toMatchObject({ level: 'linked', runs: 1 });
    expect(await verifyTransactionChain(shuffled, { crypto, create })).toMatchObject({
      level: 'anchored',
      runs: 1,
    });
    expect((await verifyTransactionChain([], { crypto })).level).toBe('unsigned');
  });

  it('does not anchor with the CREATE of another device', async () => {
    const other = await startOehuEmulator({ households: 1, days: 1, seed: 99 });
    const wrong = await verifyTransactionChain(chain, { crypto, create: other.devices[0]?.create });
    await other.stop();
    expect(wrong.level).toBe('linked');
    expect(wrong.transactions[0]?.reasons[0]?.code).toBe('create-mismatch');
  });

  it('counts the runs that a missing reading leaves, and lowers a lone one', async () => {
    const gap = await verifyTransactionChain([...chain.slice(0, 3), ...chain.slice(4, 8)], { crypto });
    expect(gap).toMatchObject({ level: 'linked', runs: 2 });
    const lone = await verifyTransactionChain([chain[0], chain[2], chain[3]], { crypto });
    expect(lone.transactions.map((one) => one.level)).toEqual(['signed', 'linked', 'linked']);
    expect(lone.transactions[0]?.reasons[0]?.code).toBe('not-linked');
  });

  it('lowers both sides of a fork and nothing else', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const seed = createHash('sha256').update('oehu-emulator 1 0').digest();
    const device = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    });
    expect(publicKey.asymmetricKeyType).toBe('ed25519');
    const forge = (by: typeof privateKey): Tree => {
      const copy = clone(chain[4]);
      const input = copy.inputs[0];
      Object.assign(copy.metadata, { gasReceived: 1 });
      const unsigned = { ...copy, id: null, inputs: [{ ...input, fulfillment: null }] };
      const link = input.fulfills;
      const message = sha3(`${JSON.stringify(sorted(unsigned))}${link.transaction_id}0`);
      const bytes = Buffer.from(input.fulfillment, 'base64url');
      sign(null, message, by).copy(bytes, 38);
      input.fulfillment = bytes.toString('base64url');
      return rehash(copy);
    };
    const forked = await verifyTransactionChain([...chain, forge(device)], { crypto });
    expect(
      forked.transactions.filter((one) => one.level === 'signed').map((one) => one.reasons[0]?.code),
    ).toEqual(['fork', 'fork']);
    // A stranger's signature proves nothing against the device.
    const framed = await verifyTransactionChain([...chain, forge(privateKey)], { crypto });
    expect(framed.transactions.map((one) => one.level)).toEqual([...chain.map(() => 'linked'), 'intact']);
  });

  it('gives the same answers with the portable provider as with Node', async () => {
    const mixed = [
      ...chain.slice(0, 5),
      { ...(chain[1] as Tree), id: 'x' },
      rehash({ ...(chain[2] as Tree) }),
      create,
    ];
    expect(await verifyTransactions(mixed, { crypto: nobleCrypto() })).toEqual(
      await verifyTransactions(mixed, { crypto }),
    );
  });

  it('gives the same answers one by one and in a batch, with either SHA3', async () => {
    const mixed = [...chain, { ...(chain[1] as Tree), id: 'x' }, null, create];
    const batch = await verifyTransactions(mixed, { crypto });
    expect(batch).toEqual(mixed.map((one) => verifyTransaction(one, { crypto })));
    const node = (data: Uint8Array): Uint8Array => createHash('sha3-256').update(data).digest();
    expect(await verifyTransactions(mixed, { crypto, sha3: node })).toEqual(batch);
  });
});
