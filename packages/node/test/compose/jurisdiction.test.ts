import { virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { expect, it } from 'vitest';
import { consentReceipt } from '../../src/compose/consents.ts';
import { jurisdictionOf } from '../../src/compose/jurisdiction.ts';

it.each([
  ['Europe/Amsterdam', 'NL'],
  ['Europe/Brussels', 'BE'],
  ['Europe/Berlin', 'DE'],
  ['Europe/Oslo', 'NO'],
  ['Europe/London', 'GB'],
  ['Europe/Kyiv', 'UA'],
  ['Europe/Kiev', 'UA'],
  ['Atlantic/Canary', 'ES'],
  ['America/New_York', 'US'],
  ['UTC', 'ZZ'],
  ['Asia/Tokyo', 'ZZ'],
])('the law for readings of %s is that of %s', (zone, country) => {
  expect(jurisdictionOf(zone)).toBe(country);
});

it('a receipt names the law where its meter is, and the language of its notice', () => {
  const { processing } = consentReceipt({
    offer: {
      meter: 'home',
      commodity: 'electricity',
      flow: 'import',
      from: '2026-01-10',
      to: '2026-01-11',
      step: 'P1D',
      title: 'Two days',
      price: 1n,
      currency: 'TEST',
      supply: 1,
      accuracy: 'region',
      purposes: ['research'],
      lifetimeMs: 86_400_000,
    },
    licence: 'licence',
    zone: 'Europe/Vienna',
    controller: { id: 'a'.repeat(64), name: 'Anna' },
    ownerKey: new Uint8Array(32),
    crypto: nodeCrypto(),
    environment: virtualEnvironment({ start: 0 }),
  });
  expect(processing).toMatchObject({ jurisdiction: 'AT', language: 'en' });
});
