import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createOehuClient, oehuSource, zoneOf } from '@edmp/oehu-client';
import { type OehuEmulator, startOehuEmulator } from '@edmp/oehu-client/emulator';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { createNode, type EdmpNode } from '../../src/compose/create-node.ts';
import { openDataFolder } from '../../src/compose/data-folder.ts';
import type { OfferRequest } from '../../src/service.ts';
import { eventually } from '../e2e/support/two-nodes.ts';

const environment = systemEnvironment();
const ZONE = 'Europe/Amsterdam';
let folder: string;
let emulator: OehuEmulator;
let seller: EdmpNode;
let buyer: EdmpNode;
let offer: OfferRequest;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-consent-'));
  emulator = await startOehuEmulator({
    seed: 3,
    households: 1,
    days: 1,
    readingEverySeconds: 900,
    zone: ZONE,
  });
  const networks = simulatedNetworks({ environment, latency: constantLatency(1) });
  const start = (name: string, meters: boolean): Promise<EdmpNode> =>
    createNode({
      name,
      folder: openDataFolder(join(folder, name), environment),
      environment,
      network: ({ self }) => networks.create({ self }),
      matchmaker: true,
      notary: false,
      witnesses: { allowNone: true },
      zone: ZONE,
      ...(meters
        ? {
            meters: {
              source: oehuSource(
                createOehuClient({ baseUrl: emulator.url, crypto: nodeCrypto(), environment }),
              ),
              label: 'emulator',
            },
          }
        : {}),
    });
  seller = await start('seller', true);
  buyer = await start('buyer', false);
  await buyer.network.connect(seller.network.addresses()[0] ?? '');
  const [meter] = await seller.service.meters();
  const day = zoneOf(ZONE).dateOf(emulator.start);
  offer = {
    meter: meter?.id ?? '',
    from: day,
    to: day,
    commodity: 'electricity',
    flow: 'import',
    step: 'PT1H',
    title: 'One day',
    price: 10n,
    currency: 'DUM1',
    supply: 2,
    accuracy: 'region',
    purposes: ['research'],
    lifetimeMs: 600_000,
  };
});
afterEach(async () => {
  await Promise.all([seller?.stop(), buyer?.stop(), emulator?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const listed = (asset: string) =>
  eventually('listing at the buyer', async () => (await buyer.service.listings({ asset }))[0]);
const ended = () =>
  eventually('end of the trade', async () => (await buyer.service.trades()).find((trade) => trade.final));

describe('consents of a node', { timeout: bounds.journey }, () => {
  it('gives one for exactly the offer, binds it to the listing, and logs listing and delivery', async () => {
    const listing = await seller.service.offer(offer);
    const [consent] = await seller.service.consents();
    expect(consent).toMatchObject({
      asset: listing.asset,
      what: 'electricity import',
      from: offer.from,
      to: offer.to,
      finestStep: 'PT1H',
      place: 'region',
      household: false,
      purposes: ['research'],
      withdrawn: null,
    });
    expect(Buffer.from(listing.descriptor.consent ?? []).toString('hex')).toBe(consent?.digest);
    await listed(listing.asset);
    await buyer.service.buy({ asset: listing.asset });
    expect((await ended()).state).toBe('completed');
    const log = await seller.service.consentLog();
    expect(log.map(({ event }) => event).reverse()).toEqual(['granted', 'listed', 'sealed', 'delivered']);
    expect(log.find(({ event }) => event === 'delivered')?.detail).toBe((await buyer.service.info()).key);
  });

  it('are signed by the owner, withdrawal too, and leave as records in the structure of ISO/IEC TS 27560', async () => {
    await seller.service.offer(offer);
    const [consent] = await seller.service.consents();
    await seller.service.withdrawConsent(consent?.id ?? '');
    const { structure, records } = await seller.service.consentRecords();
    const { key } = await seller.service.info();
    expect(structure).toBe('ISO/IEC TS 27560:2023');
    expect(records[0]?.record_header).toMatchObject({
      record_id: consent?.id,
      schema_version: 'edmp/consent/2',
    });
    expect(records[0]?.event).toMatchObject([
      { event_state: 'given', entity_id: key, signature: { algorithm: 'Ed25519' } },
      { event_state: 'withdrawn', entity_id: key, signature: { algorithm: 'Ed25519' } },
    ]);
    expect(records[0]?.party_identification).toContainEqual(
      expect.objectContaining({ party_id: key, party_type: 'pii_controller', party_name: 'seller' }),
    );
  });

  it('cover a place no finer than where others sell, as the owner was shown before', async () => {
    const [meter] = await seller.service.meters();
    const street = meter?.cells.find(({ accuracy }) => accuracy === 'street');
    expect(street).toMatchObject({ widened: true, cell: expect.stringMatching(/^.{3}$/) });
    const listing = await seller.service.offer({ ...offer, accuracy: 'street' });
    expect(listing.descriptor.cell).toBe(street?.cell);
  });

  it('are not given for texts that name somebody', async () => {
    await expect(seller.service.offer({ ...offer, title: 'Kerkstraat 12' })).rejects.toMatchObject({
      code: 'ERR_PRIVACY_TEXT',
    });
    expect(await seller.service.consents()).toEqual([]);
    const listing = await seller.service.offer({ ...offer, title: 'Kerkstraat 12', allowPersonalText: true });
    expect(listing.descriptor.title).toBe('Kerkstraat 12');
  });

  it('cancels the listing at once when it is withdrawn, and refuses to list the data again', async () => {
    const listing = await seller.service.offer(offer);
    await listed(listing.asset);
    const [consent] = await seller.service.consents();
    const withdrawn = await seller.service.withdrawConsent(consent?.id ?? '');
    expect(withdrawn.withdrawn).not.toBeNull();
    await eventually('end of the listing', async () =>
      (await buyer.service.listings({ asset: listing.asset })).length === 0 ? true : undefined,
    );
    await expect(
      seller.service.ask({
        asset: listing.asset,
        price: 1n,
        currency: 'DUM1',
        supply: 1,
        lifetimeMs: 60_000,
      }),
    ).rejects.toMatchObject({ code: 'ERR_CONSENT_WITHDRAWN' });
    await expect(seller.service.withdrawConsent('00')).rejects.toMatchObject({ code: 'ERR_NODE_NOT_FOUND' });
  });

  it('delivers nothing to a buyer whose bid was on its way when the owner withdrew', async () => {
    const listing = await seller.service.offer(offer);
    await listed(listing.asset);
    const [consent] = await seller.service.consents();
    // The buyer still sees the listing; the owner's withdrawal and the bid cross each other.
    const [bid] = await Promise.all([
      buyer.service.buy({ asset: listing.asset }),
      seller.service.withdrawConsent(consent?.id ?? ''),
    ]);
    // Once each knows what the other did, nothing new begins.
    await eventually('bid at the seller and end of the listing at the buyer', async () => {
      const known = (await seller.service.book()).some(({ order }) => order === bid.order);
      const gone = (await buyer.service.listings({ asset: listing.asset })).length === 0;
      return known && gone ? true : undefined;
    });
    for (const trade of await buyer.service.trades()) {
      const end = await eventually('end of the trade', async () => {
        const now = await buyer.service.trade(trade.id);
        return now.final ? now : undefined;
      });
      expect(end.state).toBe('failed');
      await expect(buyer.service.delivery(trade.id)).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_/),
      });
    }
    const events = (await seller.service.consentLog()).map(({ event }) => event);
    expect(events).not.toContain('delivered');
  });

  it('leaves no consent behind when an offer cannot be made', async () => {
    await expect(seller.service.offer({ ...offer, supply: 0 })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_/),
    });
    expect(await seller.service.consents()).toEqual([]);
  });

  it('tells the owner more about a finer step', async () => {
    const reveals = await seller.service.reveals({ ...offer, step: 'PT15M' });
    expect(reveals.map(({ step }) => step)).toEqual(['PT15M', 'PT1H', 'P1D']);
    const counts = reveals.map(({ found }) => found.length);
    expect(counts[0]).toBeGreaterThan(counts[2] ?? 0);
    expect(reveals[0]?.found[0]?.text).toMatch(/kWh/);
  });
});
