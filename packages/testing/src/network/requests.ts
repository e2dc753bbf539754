import {
  bytesToUtf8,
  EdmpError,
  equalBytes,
  publicKeyFromHex,
  singleFrame,
  uint32ToBytes,
  utf8ToBytes,
} from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { SUITE_KEYS } from '../keys.ts';
import { collectAll, eventually, itemAt, rejection, thrown } from '../support.ts';
import { type NetworkSuiteOptions, withNetworks } from './harness.ts';

const ECHO = '/suite/echo/1';

/** Requests, streamed answers and what goes wrong with them. */
export function requestCases(options: NetworkSuiteOptions): void {
  describe('requests', () => {
    it('carries a request and its answer, with the authenticated key of the asker', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        let from: Uint8Array | undefined;
        b.handle(ECHO, async (request) => {
          from = request.from;
          return utf8ToBytes(`got ${bytesToUtf8(request.body)}`);
        });
        const answer = await singleFrame(a.request(b.self, ECHO, utf8ToBytes('hello')));
        expect(bytesToUtf8(answer)).toBe('got hello');
        expect(from).toEqual(a.self);
      }));

    it('carries empty and large bodies unchanged', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(ECHO, async (request) => request.body);
        for (const length of [0, 1, 65_535, 65_536, 1_048_576]) {
          const body = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8)) & 255);
          const answer = await singleFrame(a.request(b.self, ECHO, body));
          expect(equalBytes(answer, body), `body of ${length} bytes`).toBe(true);
        }
      }));

    it('streams a thousand frames in order and then ends', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(ECHO, async function* () {
          for (let i = 0; i < 1000; i++) yield uint32ToBytes(i);
        });
        const frames = await collectAll(a.request(b.self, ECHO, new Uint8Array()));
        expect(frames).toEqual(Array.from({ length: 1000 }, (_, i) => uint32ToBytes(i)));
      }));

    it('ends a stream without frames without an error', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(ECHO, async function* () {});
        expect(await collectAll(a.request(b.self, ECHO, new Uint8Array()))).toEqual([]);
      }));

    it('tells the handler when the asker ends the iteration early, and stays usable', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        let produced = 0;
        let finished = false;
        b.handle(ECHO, async function* ({ signal }) {
          try {
            while (!signal.aborted && produced < 100_000) {
              produced++;
              yield new Uint8Array(1024);
              if (produced % 16 === 0) await new Promise<void>((next) => environment.schedule(1, next));
            }
          } finally {
            finished = true;
          }
        });
        let seen = 0;
        for await (const frame of a.request(b.self, ECHO, new Uint8Array())) {
          expect(frame.length).toBe(1024);
          if (++seen === 3) break;
        }
        await eventually(environment, 'the handler ends', () => finished);
        expect(produced).toBeLessThan(100_000);
        b.handle('/suite/other/1', async (request) => request.body);
        expect(await singleFrame(a.request(b.self, '/suite/other/1', Uint8Array.of(7)))).toEqual(
          Uint8Array.of(7),
        );
      }));

    it('answers many requests at once in both directions, each with its own answer', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        a.handle(ECHO, async (request) => utf8ToBytes(`a${bytesToUtf8(request.body)}`));
        b.handle(ECHO, async (request) => utf8ToBytes(`b${bytesToUtf8(request.body)}`));
        const ask = async (toB: boolean, i: number): Promise<string> =>
          bytesToUtf8(
            await singleFrame(
              toB
                ? a.request(b.self, ECHO, utf8ToBytes(`${i}`))
                : b.request(a.self, ECHO, utf8ToBytes(`${i}`)),
            ),
          );
        const indices = Array.from({ length: 30 }, (_, i) => i);
        const answers = await Promise.all(indices.flatMap((i) => [ask(true, i), ask(false, i)]));
        expect(answers).toEqual(indices.flatMap((i) => [`b${i}`, `a${i}`]));
      }));

    it('refuses a protocol that the peer does not speak, or no longer speaks', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        await rejection(
          collectAll(a.request(b.self, '/suite/none/1', new Uint8Array())),
          'ERR_NETWORK_PROTOCOL',
        );
        const unhandle = b.handle(ECHO, async (request) => request.body);
        await singleFrame(a.request(b.self, ECHO, new Uint8Array()));
        unhandle();
        await rejection(collectAll(a.request(b.self, ECHO, new Uint8Array())), 'ERR_NETWORK_PROTOCOL');
      }));

    it('takes one handler per protocol; an old unhandle does not remove a new handler', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const unhandle = b.handle(ECHO, async () => Uint8Array.of(1));
        thrown(() => b.handle(ECHO, async () => Uint8Array.of(2)), 'ERR_INVALID_ARGUMENT');
        unhandle();
        b.handle(ECHO, async () => Uint8Array.of(3));
        unhandle();
        expect(await singleFrame(a.request(b.self, ECHO, new Uint8Array()))).toEqual(Uint8Array.of(3));
      }));

    it('passes the code of a remote error on, after the frames that came before it', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(ECHO, async () => {
          throw new EdmpError('ERR_SUITE_REMOTE', 'no such thing');
        });
        b.handle('/suite/partly/1', async function* () {
          yield Uint8Array.of(1);
          yield Uint8Array.of(2);
          throw new EdmpError('ERR_SUITE_LATER', 'ran out');
        });
        const error = await rejection(
          collectAll(a.request(b.self, ECHO, new Uint8Array())),
          'ERR_NETWORK_REMOTE',
        );
        expect(error.details).toMatchObject({ code: 'ERR_SUITE_REMOTE' });
        expect(error.message).toContain('no such thing');
        const frames: Uint8Array[] = [];
        const later = await rejection(
          (async () => {
            for await (const frame of a.request(b.self, '/suite/partly/1', new Uint8Array()))
              frames.push(frame);
          })(),
          'ERR_NETWORK_REMOTE',
        );
        expect(later.details).toMatchObject({ code: 'ERR_SUITE_LATER' });
        expect(frames).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
      }));

    it('hides the text of unexpected remote errors, thrown at once or later', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        b.handle(ECHO, () => {
          throw new TypeError('secret path');
        });
        b.handle('/suite/later/1', async () => {
          throw new TypeError('secret path');
        });
        for (const protocol of [ECHO, '/suite/later/1']) {
          const error = await rejection(
            collectAll(a.request(b.self, protocol, new Uint8Array())),
            'ERR_NETWORK_REMOTE',
          );
          expect(error.details).toMatchObject({ code: 'ERR_INTERNAL' });
          expect(JSON.stringify([error.message, error.details])).not.toContain('secret');
        }
      }));

    it('fails for a peer that nobody is connected to', () =>
      withNetworks(options, 2, 'mesh', async (networks) => {
        const stranger = publicKeyFromHex(SUITE_KEYS[0]);
        await rejection(
          collectAll(itemAt(networks, 0).request(stranger, ECHO, new Uint8Array())),
          'ERR_NETWORK_UNREACHABLE',
        );
      }));
  });
}
