import { isEdmpError, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createOehuClient } from '@edmp/oehu-client';
import { startOehuEmulator, TRANSPORT_FAULTS } from '@edmp/oehu-client/emulator';
import { expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';

const REQUESTS = 10_000;

it(
  'loses nothing, doubles nothing and never waits without bound in ten thousand faulty requests',
  async () => {
    const emulator = await startOehuEmulator({ households: 3, days: 1, readingEverySeconds: 3600 });
    const client = createOehuClient({
      baseUrl: emulator.url,
      crypto: nodeCrypto(),
      environment: systemEnvironment(),
      timeoutMs: 500,
      totalMs: 5000,
      maxBodyBytes: 256 * 1024,
      conditional: 'off',
      retry: { attempts: 4, baseMs: 1, capMs: 20 },
    });
    const expected = new Map<string, string>();
    for (const { ormId } of emulator.devices) {
      expected.set(ormId, JSON.stringify(await client.transactions({ device: ormId, limit: 2 })));
    }
    emulator.setFaults(
      TRANSPORT_FAULTS.map((kind) =>
        kind === 'outage' ? { kind, rate: 0.0005, durationMs: 100 } : { kind, rate: 0.01 },
      ),
    );
    const counts = { right: 0, failed: new Map<string, number>() };
    let slowest = 0;
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < REQUESTS) {
        const device = emulator.devices[next++ % emulator.devices.length]?.ormId ?? '';
        const began = performance.now();
        try {
          const answer = await client.transactions({ device, limit: 2 });
          if (JSON.stringify(answer) !== expected.get(device)) expect.unreachable('an answer was wrong');
          counts.right++;
        } catch (error) {
          if (!isEdmpError(error) || !error.code.startsWith('ERR_METER_')) throw error;
          counts.failed.set(error.code, (counts.failed.get(error.code) ?? 0) + 1);
        }
        slowest = Math.max(slowest, performance.now() - began);
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    const failed = [...counts.failed.values()].reduce((sum, count) => sum + count, 0);
    const stats = (await (await fetch(`${emulator.controlUrl}/stats`)).json()) as {
      faults: Record<string, number>;
    };
    console.log(
      `soak: ${counts.right} right, ${failed} typed failures ${JSON.stringify([...counts.failed])}, slowest ${slowest.toFixed(0)} ms`,
    );
    for (const kind of TRANSPORT_FAULTS) expect(stats.faults[kind], kind).toBeGreaterThan(0);
    expect(counts.right + failed).toBe(REQUESTS);
    expect(failed).toBeLessThan(REQUESTS * 0.2);
    expect(slowest).toBeLessThan(8000);
    await emulator.stop();
  },
  bounds.long,
);

it(
  'a watch through faults sees every reading once and in order',
  async () => {
    const emulator = await startOehuEmulator({ households: 1, days: 1, readingEverySeconds: 3600 });
    const client = createOehuClient({
      baseUrl: emulator.url,
      crypto: nodeCrypto(),
      environment: systemEnvironment(),
      timeoutMs: 250,
      maxBodyBytes: 256 * 1024,
      retry: { attempts: 2, baseMs: 1, capMs: 5 },
    });
    const id = emulator.devices[0]?.ormId ?? '';
    const [newest] = await client.transactions({ device: id, limit: 1 });
    if (newest?.ok !== true) throw new Error('there is a reading');
    const first = emulator.now();
    emulator.setFaults(
      TRANSPORT_FAULTS.filter((kind) => kind !== 'outage' && kind !== 'oversize').map((kind) => ({
        kind,
        rate: 0.04,
      })),
    );
    const seen: number[] = [];
    emulator.advance(3_600_000);
    for await (const record of client.watch(id, { after: newest.value.id, everyMs: 2 })) {
      seen.push(record.metadata.lastUpdate ?? 0);
      if (seen.length === 200) break;
      // Sometimes one new reading, sometimes a burst.
      if (seen.length >= (emulator.now() - first) / 3_600_000)
        emulator.advance(3_600_000 * (1 + (seen.length % 7)));
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => first + (i + 1) * 3_600_000));
    await emulator.stop();
  },
  bounds.long,
);
