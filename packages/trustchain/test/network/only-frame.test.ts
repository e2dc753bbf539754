import { singleFrame, virtualEnvironment } from '@edmp/interface';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { describe, expect, it } from 'vitest';

const PROTOCOL = '/test/only/1';

/** Two connected nodes, of which one answers with as many frames as the request's first byte says. */
async function pair() {
  const environment = virtualEnvironment();
  const networks = simulatedNetworks({ environment, latency: constantLatency(5) });
  const [asker, server] = [networks.create(), networks.create()];
  for (const network of [asker, server]) await network.start();
  networks.link(asker.self, server.self);
  server.handle(PROTOCOL, async function* ({ body }) {
    for (let n = 0; n < (body[0] ?? 0); n++) yield Uint8Array.of(n);
  });
  const ask = (frames: number): Promise<Uint8Array> =>
    environment.run(singleFrame(asker.request(server.self, PROTOCOL, Uint8Array.of(frames))));
  return { environment, asker, server, ask };
}

describe('the only frame of an answer', () => {
  it('is handed over', async () => {
    const { ask } = await pair();
    expect(await ask(1)).toEqual(Uint8Array.of(0));
  });

  it.each([
    ['none', 0],
    ['more than one', 2],
  ])('is refused when there is %s', async (_what, frames) => {
    const { ask } = await pair();
    await expect(ask(frames)).rejects.toMatchObject({ code: 'ERR_NETWORK_PROTOCOL' });
  });

  it('fails in time when the peer says nothing, and calls its handler off', async () => {
    const { environment, asker, server } = await pair();
    const seen: unknown[] = [];
    server.handle('/test/silent/1', ({ signal }) => {
      signal.addEventListener('abort', () => seen.push(signal.reason));
      return new Promise(() => {});
    });
    const asked = singleFrame(
      asker.request(server.self, '/test/silent/1', new Uint8Array(), { timeoutMs: 100 }),
    );
    asked.catch(() => {});
    await environment.advance(1_000);
    await expect(asked).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(seen).toMatchObject([{ code: 'ERR_NETWORK_UNREACHABLE' }]);
  });

  it('is not asked for when the caller has called it off', async () => {
    const { asker, server } = await pair();
    const signal = AbortSignal.abort();
    await expect(
      singleFrame(asker.request(server.self, PROTOCOL, Uint8Array.of(1), { signal })),
    ).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});
