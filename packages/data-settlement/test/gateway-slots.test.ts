import { memoryContentStore } from '@edmp/data-settlement';
import { type GatewayHandlerOptions, gatewayHandler } from '@edmp/data-settlement/gateway';
import { CODEC_DAG_CBOR, CODEC_RAW, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeCanonical } from '@edmp/interface/format';
import type { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const BLOCKS = 64;

/** A gateway of a root over a megabyte; the query names the client. */
async function gateway(options: Partial<GatewayHandlerOptions> = {}) {
  const environment = virtualEnvironment();
  const store = memoryContentStore({ crypto, environment });
  const blocks: CID[] = [];
  for (let i = 0; i < BLOCKS; i++) blocks.push(await store.put(CODEC_RAW, new Uint8Array(16_000).fill(i)));
  const root = await store.put(CODEC_DAG_CBOR, encodeCanonical({ blocks }));
  const handler = gatewayHandler({
    store,
    authorize: () => true,
    environment,
    clientOf: (request) => new URL(request.url).searchParams.get('client') ?? undefined,
    ...options,
  });
  const ask = (client?: string): Promise<Response> =>
    handler(
      new Request(`http://g/ipfs/${root}?format=car${client === undefined ? '' : `&client=${client}`}`),
    );
  return { environment, ask };
}

const code = expect.objectContaining({ code: 'ERR_CONTENT_UNREACHABLE', retryable: true });

describe('CARs of a gateway', () => {
  it('go to an honest reader although 32 from everywhere read nothing', async () => {
    const { environment, ask } = await gateway();
    const slow = await Promise.all(Array.from({ length: 32 }, (_, i) => ask(`slow${i}`)));
    expect(slow.map(({ status }) => status)).toEqual(Array(32).fill(200));
    expect((await ask('honest')).status).toBe(429);
    await environment.advance(10_000);
    const honest = await ask('honest');
    expect(honest.status).toBe(200);
    expect((await honest.arrayBuffer()).byteLength).toBeGreaterThan(BLOCKS * 16_000);
    // Who gave way is told so, also when it reads again; the others are left alone.
    const ends = await Promise.allSettled(slow.map((response) => response.arrayBuffer()));
    const broken = ends.filter((end) => end.status === 'rejected');
    expect(broken.map(({ reason }) => reason)).toEqual([code]);
  });

  it('go to everybody although one client asks for as many as it can', async () => {
    const { ask } = await gateway();
    const greedy = await Promise.all(Array.from({ length: 32 }, () => ask('greedy')));
    expect(greedy.filter(({ status }) => status === 200)).toHaveLength(8);
    expect((await ask('honest')).status).toBe(200);
  });

  it('are shared anew when a client comes and all are taken', async () => {
    const { ask } = await gateway({ maxCars: 4, maxCarsPerClient: 3 });
    const [one, two, three] = [await ask('a'), await ask('a'), await ask('a')];
    const other = await ask('b');
    // The fourth is full: the newcomer gets one of the client that has three.
    const newcomer = await ask('c');
    expect([newcomer.status, other.status]).toEqual([200, 200]);
    // Now it has two, and nobody has more than one more than a newcomer.
    expect((await ask('d')).status).toBe(200);
    expect((await ask('e')).status).toBe(429);
    const ends = await Promise.allSettled([one, two, three].map((response) => response.arrayBuffer()));
    expect(ends.filter((end) => end.status === 'rejected')).toHaveLength(2);
  });

  it('stay with readers that are fast enough', async () => {
    const { environment, ask } = await gateway({ maxCars: 2, maxCarsPerClient: 1 });
    const responses = [await ask('a'), await ask('b')];
    const readers = responses.map((response) => response.body!.getReader());
    // A block of 16 kB in half a second: 32 kB/s.
    for (let i = 0; i < 40; i++) {
      for (const reader of readers) expect((await reader.read()).done).toBe(false);
      await environment.advance(500);
      if (i > 12) expect((await ask('c')).status).toBe(429);
    }
    // One stops reading: it gives way, the other does not.
    for (let i = 0; i < 20; i++) {
      expect((await readers[0]!.read()).done).toBe(false);
      await environment.advance(500);
    }
    expect((await ask('c')).status).toBe(200);
    await expect(readers[1]!.read()).rejects.toThrow(code);
    expect((await readers[0]!.read()).done).toBe(false);
  });

  it('of clients that nobody can tell apart give way when they are read too slowly', async () => {
    const { environment, ask } = await gateway({ maxCars: 2 });
    await ask();
    await ask();
    expect((await ask()).status).toBe(429);
    await environment.advance(10_000);
    expect((await ask()).status).toBe(200);
  });

  it('free their slot once, however they end', async () => {
    const { ask } = await gateway({ maxCars: 1 });
    for (let i = 0; i < 5; i++) {
      const response = await ask('a');
      expect(response.status).toBe(200);
      if (i % 2 === 0) await response.body?.cancel();
      else await response.arrayBuffer();
    }
    expect((await ask('a')).status).toBe(200);
    expect((await ask('b')).status).toBe(429);
  });
});
