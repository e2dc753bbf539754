import { singleFrame, sleep } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { collectAll, eventually, itemAt, rejection } from '../support.ts';
import { type NetworkSuiteOptions, silentHandler, withNetworks } from './harness.ts';

const PROTOCOL = '/suite/limits/1';
const EMPTY = new Uint8Array();

/** Sizes, waits, aborts and concurrency, all bounded. */
export function limitCases(options: NetworkSuiteOptions): void {
  describe('limits', () => {
    it('refuses a request above the limit of its handler without calling it', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const lengths: number[] = [];
        b.handle(
          PROTOCOL,
          async (request) => {
            lengths.push(request.body.length);
            return EMPTY;
          },
          { maxRequestBytes: 100 },
        );
        await singleFrame(a.request(b.self, PROTOCOL, new Uint8Array(100)));
        for (const length of [101, 200_000]) {
          await rejection(
            collectAll(a.request(b.self, PROTOCOL, new Uint8Array(length))),
            'ERR_NETWORK_LIMIT',
          );
        }
        expect(lengths).toEqual([100]);
      }));

    it('refuses a request above 4 MiB by default', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(PROTOCOL, async (request) => Uint8Array.of(request.body.length >>> 20));
        const most = 4 * 1024 * 1024;
        expect(await singleFrame(a.request(b.self, PROTOCOL, new Uint8Array(most)))).toEqual(
          Uint8Array.of(4),
        );
        await rejection(
          collectAll(a.request(b.self, PROTOCOL, new Uint8Array(most + 1))),
          'ERR_NETWORK_LIMIT',
        );
      }));

    it('refuses an answer frame above maxFrameBytes', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(PROTOCOL, async () => new Uint8Array(1000));
        const exact = await singleFrame(a.request(b.self, PROTOCOL, EMPTY, { maxFrameBytes: 1000 }));
        expect(exact.length).toBe(1000);
        await rejection(
          collectAll(a.request(b.self, PROTOCOL, EMPTY, { maxFrameBytes: 999 })),
          'ERR_NETWORK_LIMIT',
        );
      }));

    it('refuses an answer above maxResponseBytes in all', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(PROTOCOL, async function* () {
          for (let i = 0; i < 10; i++) yield new Uint8Array(100);
        });
        const frames = await collectAll(a.request(b.self, PROTOCOL, EMPTY, { maxResponseBytes: 1000 }));
        expect(frames.length).toBe(10);
        await rejection(
          collectAll(a.request(b.self, PROTOCOL, EMPTY, { maxResponseBytes: 999 })),
          'ERR_NETWORK_LIMIT',
        );
      }));

    it('does not let a handler run far ahead of a slow reader', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const frame = new Uint8Array(16_384);
        let produced = 0;
        b.handle(PROTOCOL, async function* () {
          for (; produced < 4096; produced++) yield frame;
        });
        for await (const _ of a.request(b.self, PROTOCOL, EMPTY)) {
          await sleep(environment, 300);
          break;
        }
        expect(produced * frame.length, 'bytes produced for a reader of one frame').toBeLessThanOrEqual(
          32 * 1024 * 1024,
        );
      }));

    it('ends a wait for an answer at the deadline and tells the handler', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const silent = silentHandler();
        b.handle(PROTOCOL, silent.handler);
        const start = environment.now();
        await rejection(collectAll(a.request(b.self, PROTOCOL, EMPTY, { timeoutMs: 200 })), 'ERR_TIMEOUT');
        const waited = environment.now() - start;
        expect(waited).toBeGreaterThanOrEqual(195);
        expect(waited).toBeLessThan(5000);
        await eventually(environment, 'the handler sees the end', () => silent.ended() === silent.started());
      }));

    it('counts the deadline anew for every frame', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(PROTOCOL, async function* () {
          for (let i = 0; i < 12; i++) {
            await sleep(environment, 200);
            yield Uint8Array.of(i);
          }
        });
        // Longer in all than the deadline, and each frame early enough on a machine that is busy.
        const frames = await collectAll(a.request(b.self, PROTOCOL, EMPTY, { timeoutMs: 2000 }));
        expect(frames.length).toBe(12);
      }));

    it('does not count time that the reader takes against the peer', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(PROTOCOL, async function* () {
          yield Uint8Array.of(1);
          yield Uint8Array.of(2);
        });
        let seen = 0;
        for await (const _ of a.request(b.self, PROTOCOL, EMPTY, { timeoutMs: 1000 })) {
          seen++;
          await sleep(environment, 1500);
        }
        expect(seen).toBe(2);
      }));

    it('ends with ERR_ABORTED when the caller aborts, before or during the wait', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const silent = silentHandler();
        b.handle(PROTOCOL, silent.handler);
        await rejection(
          collectAll(a.request(b.self, PROTOCOL, EMPTY, { signal: AbortSignal.abort() })),
          'ERR_ABORTED',
        );
        expect(silent.started()).toBe(0);
        const controller = new AbortController();
        const waiting = rejection(
          collectAll(a.request(b.self, PROTOCOL, EMPTY, { signal: controller.signal })),
          'ERR_ABORTED',
        );
        await eventually(environment, 'the request arrives', () => silent.started() === 1);
        controller.abort();
        await waiting;
        await eventually(environment, 'the handler sees the end', () => silent.ended() === 1);
      }));

    it('refuses more open requests of one peer than allowed, and only of that peer', () =>
      withNetworks(options, 3, 'mesh', async (networks, environment) => {
        const [a, b, c] = [itemAt(networks, 0), itemAt(networks, 1), itemAt(networks, 2)];
        const release: (() => void)[] = [];
        b.handle(
          PROTOCOL,
          () => new Promise((resolve) => release.push(() => resolve(Uint8Array.of(release.length)))),
          { maxConcurrentPerPeer: 2 },
        );
        const open = [0, 1].map(() => singleFrame(a.request(b.self, PROTOCOL, EMPTY)));
        await eventually(environment, 'two requests are open', () => release.length === 2);
        await rejection(collectAll(a.request(b.self, PROTOCOL, EMPTY)), 'ERR_NETWORK_BUSY');
        const other = singleFrame(c.request(b.self, PROTOCOL, EMPTY));
        await eventually(environment, 'another peer is served', () => release.length === 3);
        for (const finish of release) finish();
        await Promise.all([...open, other]);
        const again = singleFrame(a.request(b.self, PROTOCOL, EMPTY));
        await eventually(environment, 'a place is free again', () => release.length === 4);
        for (const finish of release) finish();
        await again;
      }));
  });
}
