import { createServer } from 'node:net';
import { virtualEnvironment } from '@edmp/interface';
import type { AnyReading } from '@edmp/oehu-client/sources';
import { describe, expect, it } from 'vitest';
import {
  aidon,
  austrian,
  ciphered,
  hdlc,
  mbus,
  notification,
} from '../../../oehu-client/test/support/han-frames.ts';
import { p1Tcp } from '../../src/meters/feeds/p1-tcp.ts';
import { createMeterReader } from '../../src/meters/reading/meter-reader.ts';

const KEY = '000102030405060708090A0B0C0D0E0F';
const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 0, 10, 12);

/** What a feed hands on when a port sends these frames and closes. */
async function heard(frames: readonly Uint8Array[], now: number, token?: string) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const all = Buffer.concat(frames);
    for (let from = 0; from < all.length; from += 50) socket.write(all.subarray(from, from + 50));
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const readings: AnyReading[] = [];
  const powers: (number | null)[] = [];
  const damaged: string[] = [];
  const feed = p1Tcp({
    settings: {
      name: 'port',
      kind: 'p1-tcp',
      address: `tcp://127.0.0.1:${port}`,
      ...(token === undefined ? {} : { token }),
    },
    environment: virtualEnvironment({ start: now }),
    zone: 'Europe/Oslo',
    reader: createMeterReader({ environment: virtualEnvironment() }),
  });
  const sink = {
    readings: async (more: readonly AnyReading[]) => void readings.push(...more),
    power: ({ importW }: { readonly importW: number | null }) => void powers.push(importW),
    damaged: (text: string) => void damaged.push(text),
    waiting: () => undefined,
    flooded: (text: string) => void damaged.push(text),
  };
  const end = await feed.run(sink, new AbortController().signal).then(
    () => 'ended',
    (error: { code: string }) => error.code,
  );
  server.close();
  return {
    end,
    powers,
    damaged,
    rows: readings.map((one) => ['at' in one ? one.at - NOON : -1, one.flow, one.value]),
  };
}

describe('a HAN port over TCP', () => {
  it('is read as a P1 port is: power at once, registers of the full hour', async () => {
    const told = { importWh: 1_000, exportWh: 20, watts: 900, isFull: false } as const;
    const frames = [0, 1].flatMap((hour) => [
      hdlc(notification(aidon({ ...told, time: { wall: [2026, 1, 10, 12 + hour, 59, 50] } })), 90),
      hdlc(
        notification(
          aidon({
            ...told,
            importWh: 1_000 + 500 * hour,
            isFull: true,
            time: { wall: [2026, 1, 10, 13 + hour, 0, 10] },
          }),
        ),
        90,
      ),
    ]);
    expect(await heard(frames, NOON + 10_000)).toEqual({
      end: 'ERR_METER_UNREACHABLE',
      powers: [900, 900, 900, 900],
      damaged: [],
      rows: [
        [0, 'import', 1_000_000],
        [0, 'export', 20_000],
        [HOUR, 'import', 1_500_000],
        [HOUR, 'export', 20_000],
      ],
    });
  });

  it('that encrypts is opened by its key, and says so when there is none', async () => {
    const list = austrian({
      importWh: 1_000,
      exportWh: 0,
      watts: 77,
      isFull: true,
      time: { wall: [2026, 1, 10, 13, 0, 0], deviation: -60 },
    });
    const frames = [mbus(ciphered(notification(list), { key: KEY }), 60)];
    expect(await heard(frames, NOON, KEY)).toMatchObject({
      powers: [77],
      damaged: [],
      rows: [
        [0, 'import', 1_000_000],
        [0, 'export', 0],
      ],
    });
    const without = await heard(frames, NOON);
    expect(without).toMatchObject({ powers: [], rows: [] });
    expect(without.damaged).toEqual([expect.stringContaining('give the key')]);
  });
});
