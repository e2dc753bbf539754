import { bytesToHex, utf8ToBytes } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { readDevice, readRecord, verifyTransaction, verifyTransactionChain } from '@edmp/oehu-client/oehu';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { DRIVER } from './support/driver-transactions.ts';
import { fixtureText, hasFixtures } from './support/fixtures.ts';

const crypto = nodeCrypto();
const { publicKey, create, transfer } = DRIVER;

describe.each([
  ['the default provider', nodeCrypto],
  ['noble', nobleCrypto],
] as const)('transactions of the reference driver, over %s', (_name, provider) => {
  const options = { crypto: provider() };

  it('are anchored in the pinned key', async () => {
    const chain = await verifyTransactionChain([create, transfer], {
      ...options,
      create,
      pinnedKey: publicKey,
    });
    expect(chain).toMatchObject({ level: 'anchored', runs: 1 });
    expect(chain.transactions.map(({ signer }) => signer)).toEqual([publicKey, publicKey]);
  });

  it('are not signed when a reading was changed', () => {
    const changed = { ...transfer, metadata: { ...transfer.metadata, occupants: 3 } };
    const { level, reasons } = verifyTransaction(changed, options);
    expect(level).toBe('unsigned');
    expect(reasons.map((reason) => reason.code)).toContain('id-mismatch');
  });

  it('are only intact when a reading and then the id were changed', () => {
    const changed = { ...transfer, metadata: { ...transfer.metadata, occupants: 3 }, id: null };
    // The driver's fields are in sorted order, so this is the text that is hashed.
    const id = bytesToHex(sha3_256(utf8ToBytes(JSON.stringify(changed))));
    const { level, reasons } = verifyTransaction({ ...changed, id }, options);
    expect(level).toBe('intact');
    expect(reasons.map((reason) => reason.code)).toEqual(['signature']);
  });
});

describe.skipIf(!hasFixtures)('the shared OEHU documents (fixtures beside the repository)', () => {
  it('verify rebuilt from both API shapes', async () => {
    const [entry] = JSON.parse(fixtureText('oehu-devices-signed.synthetic.json')) as unknown[];
    const device = readDevice(entry, 0);
    expect(device.ok && verifyTransaction(device.value.transaction, { crypto })).toMatchObject({
      level: 'signed',
      signer: 'BP2m78sD8gUuq1PVNgk5yPM2UcUKyaJ1X4gKT5cXfYJA',
      reasons: [],
    });
    const rows = JSON.parse(fixtureText('oehu-transactions-raw-signed.synthetic.json')) as unknown[];
    const records = rows.map(readRecord).flatMap((row) => (row.ok ? [row.value] : []));
    const chain = await verifyTransactionChain(
      records.map((record) => record.transaction),
      { crypto },
    );
    expect(chain).toMatchObject({ level: 'linked', runs: 1 });
    expect(chain.transactions).toHaveLength(3);
  });

  it('keeps float noise and numbers as they were signed', () => {
    const rows = JSON.parse(fixtureText('oehu-transactions-raw-signed.synthetic.json')) as unknown[];
    const record = readRecord(rows[2], 2);
    expect(record.ok && record.value.metadata.electricityImport).toEqual({
      total: 352_357_000,
      tariff1: 184_085_000,
      tariff2: 168_272_000,
    });
    expect(record.ok && record.warnings).toEqual([
      expect.objectContaining({ code: 'noise', path: '[2].metadata.metadata.electricityReceived.total' }),
    ]);
  });

  it("calls Figure 9's transcription unverifiable and says why", () => {
    const [entry] = JSON.parse(fixtureText('oehu-devices-fig9.transcribed.json')) as unknown[];
    const device = readDevice(entry, 0);
    if (!device.ok) throw new Error('Figure 9 is readable');
    const { level, reasons } = verifyTransaction(device.value.transaction, { crypto });
    expect(level).toBe('unsigned');
    expect(reasons.map((reason) => reason.code)).toEqual(['fulfillment-length', 'id-mismatch']);
    expect(device.value.storedAt).toBe(Date.parse('2019-01-27T00:23:58Z'));
    expect(device.value.metadata).toMatchObject({
      location: { latitude: 51.923514, longitude: 4.469048, accuracyMetres: 100 },
      household: { kind: 'office', occupants: 5 },
      gas: 173_974_000,
    });
  });

  it("loads Figure 13's strings and reports its collapsed transaction", () => {
    const [entry] = JSON.parse(fixtureText('oehu-devices-fig13.transcribed.json')) as unknown[];
    const device = readDevice(entry, 0);
    if (!device.ok) throw new Error('Figure 13 is readable');
    expect(device.value.transaction).toBeNull();
    expect(device.value.metadata).toMatchObject({
      location: { accuracyMetres: 200 },
      household: { kind: 'House', occupants: 2 },
      lastUpdate: 1_546_865_306_274,
      electricityImport: { total: 274_720_000, tariff1: 149_125_000, tariff2: 125_595_000 },
    });
    expect(verifyTransaction(device.value.transaction, { crypto }).reasons[0]?.code).toBe(
      'not-a-transaction',
    );
  });
});
