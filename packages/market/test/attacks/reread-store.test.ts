import { memoryKeyValueStore, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { Rereading } from '../../src/desk/reread.ts';
import { openCertificateStore } from '../../src/evidence/certificate-store.ts';
import { toyCrypto as crypto, quorum, someId } from '../support/money.ts';

describe('currencies by the thousand', () => {
  it('make a node read its store a few times at once and once a minute, and at the end once more', async () => {
    const environment = virtualEnvironment({ seed: 1 });
    const times: number[] = [];
    const start = environment.now();
    const rereading = new Rereading(
      environment,
      async () => {
        times.push(environment.now() - start);
      },
      () => undefined,
    );
    for (let i = 0; i < 1_000; i++) await rereading.ask();
    expect(times.length).toBe(8);
    await environment.advance(600_000);
    expect(times.length).toBe(9);
    await rereading.ask();
    expect(times.length).toBe(10);
    rereading.stop();
  });
});

describe('certificates of dust by the thousand', () => {
  it('push none of one’s own out of what a ledger is told at the next start', async () => {
    const notaries = quorum('n', 1, crypto);
    const store = memoryKeyValueStore();
    const before = await openCertificateStore({ store, maxOwn: 4 });
    for (let i = 0; i < 12; i++) {
      const subject = someId(`block ${i}`);
      await before.put(
        await notaries.certify({ kind: 'spend', currency: someId('SUN'), subject, extra: null }),
        {
          keep: true,
        },
      );
    }
    const after = await openCertificateStore({ store, maxOwn: 4 });
    const subjects = new Set<string>();
    for await (const { subject } of after.own()) subjects.add(subject.toString());
    expect(subjects.size).toBe(12);
  });
});
