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

  it('tells its clock while nothing happens and stops when the reader leaves', async () => {
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
    // What happens meanwhile is kept for a reader who comes back, and nothing else goes on.
    expect(listening).toBe(1);
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

  it('gives a reader who comes back what it missed, by the id of its last event, and else says nothing of it', async () => {
    const { environment, seller } = httpMarket();
    const open = async (after?: string): Promise<string[]> => {
      const response = await seller.app.request('http://localhost/v1/events', {
        headers: {
          Authorization: `Bearer ${TOKEN}`,
          ...(after === undefined ? {} : { 'Last-Event-ID': after }),
        },
      });
      const reader = response.body!.getReader();
      const texts: string[] = [];
      // The stream is pulled: what is there is read, and the reader goes before it waits.
      for (;;) {
        const next = await Promise.race([
          reader.read(),
          new Promise<undefined>((end) => setImmediate(() => end(undefined))),
        ]);
        if (next?.value === undefined) break;
        texts.push(new TextDecoder().decode(next.value));
      }
      await reader.cancel();
      return texts;
    };
    expect(await open()).toHaveLength(1);
    for (const title of ['one', 'two', 'three']) await seller.service.offer({ ...OFFER, title, price: 1n });
    const [first = ''] = (await open(undefined)).slice(0, 1);
    expect(first).not.toContain('resumed');
    // Every event has an id of this run of the node; find the first by asking for everything after none.
    const reader = (await seller.send('GET', '/v1/events')).body!.getReader();
    await reader.read();
    await seller.service.offer({ ...OFFER, title: 'four', price: 1n });
    const told = new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    const [, run, count] = /^id: ([0-9a-f]{12})-(\d+)$/m.exec(told) ?? [];
    expect(count).toBe('4');
    const [ready, missed = ''] = await open(`${run}-2`);
    expect(ready).toBe(`event: ready\ndata: {"now":${environment.now()},"resumed":true}\n\n`);
    expect([...missed.matchAll(/Listed (\w+)/g)].map(([, title]) => title)).toEqual(['three', 'four']);
    expect(await open(`${run}-4`)).toEqual([ready]);
    for (const other of [`${run}-5`, 'ffffffffffff-2', `${run}-x`, '', `${run}--1`])
      expect(await open(other), other).toEqual([`event: ready\ndata: {"now":${environment.now()}}\n\n`]);
  });

  it('lets a client miss nothing over a broken connection', async () => {
    const { environment, seller } = httpMarket();
    let server = await startHttp({ app: seller.app, port: 0 });
    const client = createNodeClient({ url: server.url, token: TOKEN, environment });
    const seen = new EventTarget();
    const told: string[] = [];
    const tell = (what: string, kind: string): void => {
      told.push(what);
      seen.dispatchEvent(new Event(kind));
    };
    const stop = client.follow({
      onReady: (_, resumed) => tell(`ready ${resumed}`, 'ready'),
      onLost: () => seen.dispatchEvent(new Event('lost')),
      onEvent: ({ text }) => tell(text, 'event'),
    });
    try {
      await once(seen, 'ready');
      const first = once(seen, 'event');
      await seller.service.offer({ ...OFFER, title: 'one', price: 1n });
      await first;
      const lost = once(seen, 'lost');
      await server.stop();
      await lost;
      await seller.service.offer({ ...OFFER, title: 'two', price: 1n });
      server = await startHttp({ app: seller.app, port: Number(new URL(server.url).port) });
      const second = once(seen, 'event');
      await environment.advance(500);
      await second;
      expect(told).toEqual(['ready false', 'Listed one', 'ready true', 'Listed two']);
    } finally {
      stop();
      await server.stop();
    }
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
