import {
  bytesToHex,
  type Descriptor,
  memoryKeyValueStore,
  type Signer,
  softwareSigner,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createConsentLedger } from '@edmp/oehu-client';
import {
  type ConsentReceipt,
  checkConsent,
  checkReceipt,
  consentDigest,
  consentRecords,
  receiptId,
  verifyConsentEvent,
} from '@edmp/oehu-client/consent';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const DAY = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const crypto = nodeCrypto();
const receipt: ConsentReceipt = {
  header: {
    schemaVersion: 'edmp/consent/1',
    recordId: '00112233445566778899aabbccddeeff',
    piiPrincipalId: 'owner-1',
  },
  processing: {
    privacyNotice: 'What is sold, to whom, and how to stop it.',
    purposes: ['research', 'grid planning'],
    piiCategories: [{ commodity: 'electricity', flow: 'import' }],
    finestStep: 'PT1H',
    placeLevel: 'town',
    household: false,
    recipients: 'purchasers',
    licence: 'EDMP-personal-1',
    dataFrom: '2025-01-01',
    dataTo: '2025-12-31',
    retentionPeriod: 'P2Y',
    jurisdiction: 'NL',
  },
  event: {
    state: 'given',
    time: start,
    validUntil: start + 30 * DAY,
    method: 'explicit, in the sell dialog',
  },
};
const descriptor = (consent: Uint8Array | null): Descriptor => ({
  commodity: 'electricity',
  flow: 'import',
  unit: 'uKWh',
  step: 'P1D',
  zone: 'Europe/Amsterdam',
  from: '2025-03-01',
  to: '2025-03-31',
  count: 31,
  gaps: 0,
  cell: 'u15p',
  household: null,
  attestation: 'linked',
  verified: 1,
  pseudonym: new Uint8Array(16),
  licence: 'EDMP-personal-1',
  purposes: ['research'],
  consent,
  title: 'March',
});
const setUp = (store = memoryKeyValueStore()) => {
  const environment = virtualEnvironment({ start });
  return { environment, store, ledger: createConsentLedger({ store, crypto, environment }) };
};

describe('consent', () => {
  it('covers a use inside its bounds and names the bound that a wider use breaks', () => {
    const use = { descriptor: descriptor(null), now: start };
    expect(() => checkConsent(receipt, use)).not.toThrow();
    const wider: readonly (readonly [Partial<Descriptor>, string])[] = [
      [{ commodity: 'gas' }, 'piiCategories'],
      [{ flow: 'export' }, 'piiCategories'],
      [{ step: 'PT15M' }, 'finestStep'],
      [{ cell: 'u15pm' }, 'placeLevel'],
      [{ household: { kind: 'house', occupants: '2' } }, 'household'],
      [{ from: '2024-12-31' }, 'dataFrom'],
      [{ to: '2026-01-01' }, 'dataFrom'],
      [{ licence: 'other' }, 'licence'],
      [{ purposes: ['research', 'advertising'] }, 'purposes'],
      [{ purposes: [] }, 'purposes'],
    ];
    for (const [change, field] of wider) {
      expect(
        () => checkConsent(receipt, { ...use, descriptor: { ...use.descriptor, ...change } }),
        field,
      ).toThrowError(expect.objectContaining({ code: 'ERR_CONSENT_SCOPE', details: { field } }));
    }
    const named = { ...receipt, processing: { ...receipt.processing, recipients: ['ab'] } };
    expect(() => checkConsent(named, { ...use, recipient: 'cd' })).toThrowError(
      expect.objectContaining({ code: 'ERR_CONSENT_SCOPE', details: { field: 'recipients' } }),
    );
    expect(() => checkConsent(named, { ...use, recipient: 'ab' })).not.toThrow();
    for (const now of [start - 1, start + 30 * DAY]) {
      expect(() => checkConsent(receipt, { ...use, now })).toThrowError(
        expect.objectContaining({ code: 'ERR_CONSENT_EXPIRED' }),
      );
    }
  });

  it('is checked at listing and at every delivery, and stops both at once when withdrawn', async () => {
    const { ledger, environment } = setUp();
    const digest = await ledger.grant(receipt);
    const sold = descriptor(digest);
    expect(await ledger.checkListing(sold)).toEqual(receipt);
    await ledger.checkDelivery(sold, 'buyer-1');
    await environment.advance(DAY);
    await ledger.withdraw(receipt.header.recordId);
    await ledger.withdraw(receipt.header.recordId);
    await expect(ledger.checkDelivery(sold, 'buyer-2')).rejects.toMatchObject({
      code: 'ERR_CONSENT_WITHDRAWN',
    });
    await expect(ledger.checkListing(sold)).rejects.toMatchObject({ code: 'ERR_CONSENT_WITHDRAWN' });
    await expect(ledger.checkListing(descriptor(null))).rejects.toMatchObject({
      code: 'ERR_CONSENT_MISSING',
    });
    expect((await ledger.log()).map((entry) => [entry.event, entry.detail])).toEqual([
      ['granted', 'research, grid planning'],
      ['listed', 'March'],
      ['delivered', 'buyer-1'],
      ['withdrawn', ''],
      ['refused', 'ERR_CONSENT_WITHDRAWN'],
      ['refused', 'ERR_CONSENT_WITHDRAWN'],
    ]);
    expect((await ledger.consents())[0]?.withdrawnAt).toBe(start + DAY);
  });

  it('lets no delivery through that is asked for after the withdrawal, however they interleave', async () => {
    const { ledger } = setUp();
    const sold = descriptor(await ledger.grant(receipt));
    const before = ledger.checkDelivery(sold, 'buyer-1');
    const withdrawn = ledger.withdraw(receipt.header.recordId);
    const after = ledger.checkDelivery(sold, 'buyer-2').then(
      () => 'delivered',
      (error: { code: string }) => error.code,
    );
    await before;
    await withdrawn;
    expect(await after).toBe('ERR_CONSENT_WITHDRAWN');
  });

  it('survives a restart with its log, and erasing leaves only the log', async () => {
    const { store, ledger } = setUp();
    const digest = await ledger.grant(receipt);
    const { ledger: restarted } = setUp(store);
    await restarted.checkListing(descriptor(digest));
    await restarted.erase(receipt.header.recordId);
    await expect(restarted.checkListing(descriptor(digest))).rejects.toMatchObject({
      code: 'ERR_CONSENT_MISSING',
    });
    expect((await restarted.log()).map((entry) => entry.event)).toEqual(['granted', 'listed', 'erased']);
    expect(await restarted.consents()).toEqual([]);
    await expect(restarted.withdraw('unknown')).rejects.toMatchObject({ code: 'ERR_CONSENT_MISSING' });
  });

  it('has a digest that depends on salt and every field, and not on the order of fields', () => {
    const salt = new Uint8Array(32).fill(1);
    const digest = (one: ConsentReceipt, by = salt) => bytesToHex(consentDigest(one, by, crypto));
    const reordered = { event: receipt.event, processing: receipt.processing, header: receipt.header };
    expect(digest(reordered)).toBe(digest(receipt));
    expect(digest(receipt, new Uint8Array(32))).not.toBe(digest(receipt));
    expect(digest({ ...receipt, event: { ...receipt.event, time: 1 } })).not.toBe(digest(receipt));
    expect(() => consentDigest(receipt, new Uint8Array(4), crypto)).toThrowError(
      expect.objectContaining({ code: 'ERR_CONSENT_RECEIPT' }),
    );
  });

  it('refuses receipts that are incomplete or stored already', async () => {
    const { ledger } = setUp();
    const { processing, event, header } = receipt;
    const bad: readonly ConsentReceipt[] = [
      { ...receipt, header: { ...header, recordId: 'x' } },
      { ...receipt, processing: { ...processing, purposes: [] } },
      { ...receipt, processing: { ...processing, recipients: [] } },
      { ...receipt, processing: { ...processing, dataFrom: '2026-01-01' } },
      { ...receipt, event: { ...event, validUntil: event.time } },
    ];
    for (const one of bad)
      await expect(ledger.grant(one)).rejects.toMatchObject({ code: 'ERR_CONSENT_RECEIPT' });
    await ledger.grant(receipt);
    await expect(ledger.grant(receipt)).rejects.toMatchObject({ code: 'ERR_CONSENT_RECEIPT' });
    expect(receiptId((length) => new Uint8Array(length).fill(171))).toBe('ab'.repeat(16));
  });

  it('never covers more than was agreed, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.record({
          step: fc.constantFrom('PT1M', 'PT15M', 'PT1H', 'P1D'),
          commodity: fc.constantFrom('electricity', 'gas'),
          cell: fc.constantFrom(null, 'u15', 'u15p', 'u15pm'),
          from: fc.constantFrom('2024-06-01', '2025-06-01'),
        }),
        (change) => {
          let covered = true;
          try {
            checkConsent(receipt, {
              descriptor: { ...descriptor(null), ...change } as Descriptor,
              now: start,
            });
          } catch {
            covered = false;
          }
          const isWithin =
            ['PT1H', 'P1D'].includes(change.step) &&
            change.commodity === 'electricity' &&
            (change.cell?.length ?? 0) <= 4 &&
            change.from === '2025-06-01';
          expect(covered).toBe(isWithin);
        },
      ),
    );
  });
});

describe('receipts of version 2', () => {
  const controller = { id: 'ab'.repeat(32), name: 'home', contact: 'owner at the node' };
  const complete: ConsentReceipt = {
    ...receipt,
    header: { ...receipt.header, schemaVersion: 'edmp/consent/2' },
    processing: {
      ...receipt.processing,
      language: 'en',
      lawfulBasis: 'consent',
      controller,
      collectionMethod: 'read from the meter',
      storageLocation: 'at home',
      withdrawalMethod: 'on the page Consents',
      privacyRights: ['withdraw', 'erase'],
    },
  };
  const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(3) });
  const signed = (store = memoryKeyValueStore(), by: Signer = signer) => {
    const environment = virtualEnvironment({ start });
    return { environment, store, ledger: createConsentLedger({ store, crypto, environment, signer: by }) };
  };

  it('name controller and contact, lawful basis, withdrawal and rights, or are refused', () => {
    expect(() => checkReceipt(complete)).not.toThrow();
    const { processing } = complete;
    const bad: readonly (readonly [Partial<ConsentReceipt['processing']>, string])[] = [
      [{ language: 'English' }, 'processing.language'],
      [{ lawfulBasis: 'contract' as 'consent' }, 'processing.lawfulBasis'],
      [{ controller: { ...controller, id: 'x' } }, 'processing.controller.id'],
      [{ controller: { ...controller, contact: '' } }, 'processing.controller.contact'],
      [{ collectionMethod: '' }, 'processing.collectionMethod'],
      [{ storageLocation: '' }, 'processing.storageLocation'],
      [{ withdrawalMethod: '' }, 'processing.withdrawalMethod'],
      [{ privacyRights: [] }, 'processing.privacyRights'],
    ];
    for (const [change, field] of bad) {
      const receipt = { ...complete, processing: { ...processing, ...change } };
      expect(() => checkReceipt(receipt), field).toThrowError(
        expect.objectContaining({ code: 'ERR_CONSENT_RECEIPT', details: { field } }),
      );
    }
  });

  it('are given and withdrawn by events that the owner signs, to the letter of the receipt', async () => {
    const { ledger, environment } = signed();
    await ledger.grant(complete);
    await environment.advance(5_000);
    await ledger.withdraw(complete.header.recordId);
    await ledger.withdraw(complete.header.recordId);
    const [state] = await ledger.consents();
    expect(state?.events.map(({ state: name, time }) => [name, time])).toEqual([
      ['given', start],
      ['withdrawn', start + 5_000],
    ]);
    expect(state?.withdrawnAt).toBe(start + 5_000);
    for (const event of state?.events ?? []) {
      expect(event.entity).toBe(bytesToHex(signer.publicKey));
      expect(verifyConsentEvent(event, complete, crypto)).toBe(true);
      const wider = { ...complete, processing: { ...complete.processing, finestStep: 'PT1M' as const } };
      expect(verifyConsentEvent(event, wider, crypto)).toBe(false);
      const other = event.state === 'given' ? ('withdrawn' as const) : ('given' as const);
      for (const lie of [
        { ...event, state: other },
        { ...event, time: event.time + 1 },
        { ...event, entity: 'ab'.repeat(32) },
        { ...event, signature: 'zz' },
        { ...event, recordId: 'other' },
      ])
        expect(verifyConsentEvent(lie, complete, crypto)).toBe(false);
    }
    await ledger.erase(complete.header.recordId);
    expect(await ledger.consents()).toEqual([]);
  });

  it('are withdrawn also while the key cannot sign, and signed when it can', async () => {
    const store = memoryKeyValueStore();
    const { ledger } = signed(store);
    const digest = await ledger.grant(complete);
    let isLocked = true;
    const locked: Signer = {
      publicKey: signer.publicKey,
      sign: (message) => (isLocked ? Promise.reject(new Error('locked')) : signer.sign(message)),
    };
    const later = signed(store, locked).ledger;
    await expect(later.withdraw(complete.header.recordId)).rejects.toThrow('locked');
    await expect(later.checkDelivery(descriptor(digest), 'buyer')).rejects.toMatchObject({
      code: 'ERR_CONSENT_WITHDRAWN',
    });
    isLocked = false;
    await later.withdraw(complete.header.recordId);
    const [state] = await later.consents();
    expect(state?.events.map(({ state: name }) => name)).toEqual(['given', 'withdrawn']);
    expect((await later.log()).filter(({ event }) => event === 'withdrawn')).toHaveLength(1);
  });

  it('leave as JSON in the structure of ISO/IEC TS 27560, with what a verifier needs and no salt', async () => {
    const { ledger, store, environment } = signed();
    const digest = await ledger.grant(complete);
    await ledger.withdraw(complete.header.recordId);
    const document = JSON.parse(JSON.stringify(consentRecords(await ledger.consents(), environment.now())));
    expect(document).toMatchObject({
      structure: 'ISO/IEC TS 27560:2023',
      exported: '2026-01-01T00:00:00.000Z',
    });
    const [record] = document.records;
    expect(Object.keys(record)).toEqual(['record_header', 'pii_processing', 'party_identification', 'event']);
    expect(record.record_header).toEqual({
      schema_version: 'edmp/consent/2',
      record_id: complete.header.recordId,
      pii_principal_id: 'owner-1',
    });
    expect(record.pii_processing.purposes[0]).toMatchObject({
      purpose: 'research',
      lawful_basis: 'consent',
      pii_controllers: [controller.id],
      retention_period: 'P2Y',
      jurisdictions: ['NL'],
      withdrawal_method: 'on the page Consents',
      privacy_rights: ['withdraw', 'erase'],
    });
    expect(record.pii_processing.published_digest.value).toBe(bytesToHex(digest));
    expect(record.party_identification).toContainEqual(
      expect.objectContaining({ party_type: 'pii_controller', party_contact: 'owner at the node' }),
    );
    expect(record.event.map((one: Record<string, unknown>) => [one.event_state, one.event_time])).toEqual([
      ['given', '2026-01-01T00:00:00.000Z'],
      ['withdrawn', '2026-01-01T00:00:00.000Z'],
    ]);
    expect(record.event[0].validity_duration).toBe('P30D');
    // To the millisecond, else the receipt that was signed could not be put together again.
    const [state] = await ledger.consents();
    if (state === undefined) throw new Error('No consent is there');
    const validUntil = state.receipt.event.time + 2 * 86_400_000 + 3_600_007;
    const odd = { ...state, receipt: { ...state.receipt, event: { ...state.receipt.event, validUntil } } };
    expect(consentRecords([odd], 0).records[0]?.event[0]?.validity_duration).toBe('P2DT3600.007S');
    // The record and the receipt are enough to check the signature again.
    for (const { event_state: state, event_method: method, entity_id: entity, signature } of record.event) {
      const { receipt_sha256: receipt, time, value } = signature;
      const event = {
        recordId: record.record_header.record_id,
        state,
        time,
        method,
        receipt,
        entity,
        signature: value,
      };
      expect(verifyConsentEvent(event, complete, crypto)).toBe(true);
    }
    const stored = JSON.parse(new TextDecoder().decode((await store.entries('consent/receipt/'))[0]?.[1]));
    expect(JSON.stringify(document)).not.toContain(stored.salt);
  });

  it('stand beside those of version 1, which have no events', async () => {
    const store = memoryKeyValueStore();
    await setUp(store).ledger.grant(receipt);
    const { ledger } = signed(store);
    const [old] = await ledger.consents();
    expect(old).toMatchObject({ events: [], receipt: { header: { schemaVersion: 'edmp/consent/1' } } });
    expect(consentRecords(old === undefined ? [] : [old], start).records[0]?.event[0]?.signature).toBeNull();
    await ledger.withdraw(receipt.header.recordId);
    expect((await ledger.consents())[0]?.events.map(({ state }) => state)).toEqual(['withdrawn']);
  });
});
