import { AbortedError, EdmpError, virtualEnvironment } from '@edmp/interface';
import { rejection } from '@edmp/testing';
import { describe, expect, it } from 'vitest';
import type { Spending } from '../../src/blocks/spending.ts';
import { MarketError } from '../../src/errors.ts';
import type { Certificate } from '../../src/notary/certificate.ts';
import { Certifier, type CertifierNeeds } from '../../src/wallet/certifier.ts';

const spending = (n: number, currency = 'SUN'): Spending =>
  ({ key: `${currency} ${n}`, money: { currency, n } }) as Spending;

function world(certify: CertifierNeeds['certify']) {
  const environment = virtualEnvironment({ seed: 1 });
  const stopping = new AbortController();
  const asked: string[] = [];
  const kept: string[] = [];
  const refused: string[] = [];
  const certifier = new Certifier({
    certify: (one, options) => {
      asked.push(one.key);
      return certify(one, options);
    },
    keep: async (certificate) => {
      kept.push(String(certificate.subject));
    },
    environment,
    signal: stopping.signal,
    refused: (one, error) => refused.push(`${one.key}: ${(error as EdmpError).code}`),
  });
  return { environment, stopping, asked, kept, refused, certifier };
}

const certificate = (one: Spending): Certificate => ({ subject: one.key }) as unknown as Certificate;

describe('certifying own payments', () => {
  it('takes the numbers of an account one after another, and accounts beside each other', async () => {
    const open = new Map<string, (value: Certificate) => void>();
    const { certifier, asked, kept, environment } = world(
      (one) => new Promise((resolve) => open.set(one.key, resolve)),
    );
    for (const n of [1, 2, 3]) certifier.add(spending(n));
    certifier.add(spending(1, 'MOON'));
    certifier.add(spending(2));
    expect(certifier.pending('SUN')).toBe(3);
    await environment.settle();
    expect(asked).toEqual(['SUN 1', 'MOON 1']);
    open.get('SUN 1')?.(certificate(spending(1)));
    await environment.settle();
    expect(asked).toEqual(['SUN 1', 'MOON 1', 'SUN 2']);
    expect(kept).toEqual(['SUN 1']);
    expect(certifier.pending('SUN')).toBe(2);
    expect(certifier.outcome(spending(1), {})).toBeUndefined();
  });

  it('asks for ever with the same bytes while the notaries are away', async () => {
    let tries = 0;
    const { certifier, environment, asked } = world(async (one) => {
      if (++tries < 12) throw new EdmpError('ERR_NETWORK_UNREACHABLE', 'away');
      return certificate(one);
    });
    certifier.add(spending(1));
    const outcome = certifier.outcome(spending(1), {});
    for (let i = 0; i < 60; i++) await environment.advance(60_000);
    expect(await outcome).toEqual(certificate(spending(1)));
    expect(new Set(asked)).toEqual(new Set(['SUN 1']));
    expect(tries).toBe(12);
  });

  it('stops an account that the notaries refuse, and only that one', async () => {
    const { certifier, environment, refused } = world(async (one) => {
      if (one.money.currency === 'SUN')
        throw new MarketError('ERR_NOTARY_REFUSED', 'another block has number 1');
      return certificate(one);
    });
    for (const n of [1, 2]) certifier.add(spending(n));
    const outcomes = [1, 2].map((n) => certifier.outcome(spending(n), {}));
    certifier.add(spending(1, 'MOON'));
    const moon = certifier.outcome(spending(1, 'MOON'), {});
    await environment.settle();
    for (const outcome of outcomes) await rejection(outcome!, 'ERR_NOTARY_REFUSED');
    expect(refused).toEqual(['SUN 1: ERR_NOTARY_REFUSED']);
    expect((certifier.refusal('SUN') as EdmpError).code).toBe('ERR_NOTARY_REFUSED');
    expect(certifier.refusal('MOON')).toBeUndefined();
    expect(await moon).toEqual(certificate(spending(1, 'MOON')));
  });

  it('lets a caller leave without ending the work, and ends the work when the market stops', async () => {
    const { certifier, environment, stopping } = world(
      (_, { signal }) =>
        new Promise((__, reject) => {
          signal?.addEventListener('abort', () => reject(new AbortedError()));
        }),
    );
    certifier.add(spending(1));
    const leaving = new AbortController();
    const left = certifier.outcome(spending(1), { signal: leaving.signal });
    const stays = certifier.outcome(spending(1), {});
    leaving.abort();
    await rejection(left!, 'ERR_ABORTED');
    expect(certifier.pending('SUN')).toBe(1);
    stopping.abort();
    await environment.settle();
    await rejection(stays!, 'ERR_MARKET_STOPPED');
    expect(certifier.refusal('SUN')).toBeUndefined();
  });
});
