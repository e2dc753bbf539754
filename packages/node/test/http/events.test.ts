import { once } from 'node:events';
import { createNodeClient, type NodeEvent } from '@edmp/node/client';
import { createHttpApp, startHttp } from '@edmp/node/http';
import { describe, expect, it } from 'vitest';
import { httpMarket, OFFER, TOKEN } from '../support/http.ts';

describe('/v1/events', () => {
  it('needs the token', async () => {
    const { seller } = httpMarket();
    const response = await seller.app.request('http://localhost/v1/events');
    expect(response.status).toBe(401);
  });

  it('streams what happens over a real connection, and reconnects when the server comes back', async () => {
    const { environment, seller } = httpMarket();
    let server = await startHttp({ app: seller.app, port: 0 });
    const client = createNodeClient({ url: server.url, token: TOKEN, environment });
    const seen = new EventTarget();
    const events: NodeEvent[] = [];
    const stop = client.follow({
      onReady: () => seen.dispatchEvent(new Event('ready')),
      onLost: () => seen.dispatchEvent(new Event('lost')),
      onEvent: (event) => {
        events.push(event);
        seen.dispatchEvent(new Event('event'));
      },
    });
    try {
      await once(seen, 'ready');
      const happened = once(seen, 'event');
      const listing = await client.offer({ ...OFFER, price: 10n });
      await happened;
      expect(events).toMatchObject([{ type: 'listing', id: listing.order, text: 'Listed A winter Monday' }]);

      const lost = once(seen, 'lost');
      await server.stop();
      await lost;
      const port = Number(new URL(server.url).port);
      server = await startHttp({ app: seller.app, port });
      const again = once(seen, 'ready');
      await environment.advance(500);
      await again;
    } finally {
      stop();
      await server.stop();
    }
  });

  it('tells its clock while nothing happens and stops listening when the reader leaves', async () => {
    const { environment, seller } = httpMarket();
    let listening = 0;
    const service = {
      ...seller.service,
      on: (listener: (event: NodeEvent) => void) => {
        listening += 1;
        const stop = seller.service.on(listener);
        return () => {
          listening -= 1;
          stop();
        };
      },
    };
    const app = createHttpApp({ service, token: TOKEN, environment });
    const response = await app.request('http://localhost/v1/events', {
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body!.getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    const start = environment.now();
    expect(await read()).toBe(`event: ready\ndata: {"now":${start}}\n\n`);
    expect(listening).toBe(1);
    await environment.advance(15_000);
    expect(await read()).toBe(`event: time\ndata: {"now":${start + 15_000}}\n\n`);
    await reader.cancel();
    expect(listening).toBe(0);
    expect(environment.pendingTimers).toBe(0);
  });

  it('tells followers its clock, and lets them meet events that they do not know', async () => {
    const { environment, seller } = httpMarket();
    const told: string[] = [];
    const lost: string[] = [];
    let write = (_: string): void => {};
    const client = createNodeClient({
      url: 'http://localhost',
      environment,
      fetch: async () =>
        new Response(
          new ReadableStream({
            start(controller) {
              write = (text) => controller.enqueue(new TextEncoder().encode(text));
            },
          }),
        ),
    });
    const stop = client.follow({
      onReady: (now) => told.push(`ready ${now}`),
      onTime: (now) => told.push(`time ${now}`),
      onEvent: (event) => told.push(event.id),
      onLost: (error) => lost.push(error.code),
    });
    try {
      await environment.advance(0);
      write(
        'event: ready\ndata: {"now":1}\n\nevent: weather\ndata: rain\n\nevent: time\ndata: {"now":2}\n\n',
      );
      write('data: {"type":"peer","at":3,"id":"p","text":"came"}\n\n');
      await expect.poll(() => told).toEqual(['ready 1', 'time 2', 'p']);
      expect(lost).toEqual([]);
      write('event: time\ndata: {"now":"noon"}\n\n');
      await expect.poll(() => lost).toEqual(['ERR_HTTP_UNREACHABLE']);
    } finally {
      stop();
    }
    expect((await seller.service.info()).now).toBe(environment.now());
  });

  it('cuts off a reader that does not read, and limits the number of streams', async () => {
    const { seller } = httpMarket();
    const open = async (): Promise<Response> => seller.send('GET', '/v1/events');
    const responses: Response[] = [];
    for (let i = 0; i < 32; i++) responses.push(await open());
    expect((await open()).status).toBe(429);
    for (let i = 0; i < 1_100; i++) await seller.service.offer({ ...OFFER, price: 1n, step: 'P1D' });
    // All of them were cut off, so there is room again.
    const next = await open();
    expect(next.status).toBe(200);
    await next.body?.cancel();
  });
});
