import { memoryContentStore } from '@edmp/data-settlement';
import { readCar } from '@edmp/data-settlement/content';
import { type GatewayHandlerOptions, gatewayHandler } from '@edmp/data-settlement/gateway';
import { CODEC_DAG_CBOR, CODEC_RAW, utf8ToBytes, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const memory = () => memoryContentStore({ crypto, environment: virtualEnvironment() });

/** `top` → `middle` (twice) → `leaf` and `other`; names beside links. */
async function tree(more: Partial<GatewayHandlerOptions> = {}) {
  const store = memory();
  const leaf = await store.put(CODEC_RAW, utf8ToBytes('0123456789'));
  const other = await store.put(CODEC_RAW, utf8ToBytes('other'));
  const middle = await store.put(CODEC_DAG_CBOR, encode({ blocks: [leaf, other], name: 'middle' }));
  const top = await store.put(
    CODEC_DAG_CBOR,
    encode({ next: middle, inside: { some: [leaf], 'a b': middle }, number: 7 }),
  );
  const handler = gatewayHandler({ store, authorize: () => true, ...more });
  const names = new Map([
    [leaf.toString(), 'leaf'],
    [other.toString(), 'other'],
    [middle.toString(), 'middle'],
    [top.toString(), 'top'],
  ]);
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    handler(
      new Request(
        `http://g/ipfs/${path.replace(/^(top|leaf|middle)/, (name) => `${{ top, leaf, middle }[name as 'top']}`)}`,
        { headers, method },
      ),
    );
  /** Names of the blocks of a CAR, in order. */
  const car = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
    const response = await ask(path, headers);
    if (response.body === null || response.status !== 200) return `${response.status}`;
    const { blocks } = await readCar(response.body);
    const found: string[] = [];
    for await (const { cid } of blocks) found.push(names.get(cid.toString()) ?? `${cid}`);
    return found.join(' ');
  };
  return { store, leaf, other, middle, top, handler, ask, car };
}

describe('CARs of the gateway', () => {
  it.each([
    ['top?format=car', 'top middle leaf other'],
    ['top?format=car&car-dups=y', 'top middle leaf other middle leaf other leaf'],
    ['top?format=car&dag-scope=block', 'top'],
    ['top?format=car&dag-scope=entity', 'top'],
    ['top?format=car&entity-bytes=0:10', 'top'],
    ['leaf?format=car&entity-bytes=2:*', 'leaf'],
    ['leaf?format=car&entity-bytes=-100:-1', 'leaf'],
    ['top/next?format=car', 'top middle leaf other'],
    ['top/next/?format=car&dag-scope=block', 'top middle'],
    ['top/next/blocks/1?format=car', 'top middle other'],
    ['top/inside/a%20b/blocks/0?format=car', 'top middle leaf'],
    // A path that ends inside a block: the block, and for everything also what the value links to.
    ['top/next/blocks?format=car', 'top middle leaf other'],
    ['top/inside?format=car&dag-scope=entity', 'top'],
    ['top/number?format=car', 'top'],
    ['top/inside/some?format=car', 'top leaf'],
    ['top/nothing?format=car', '404'],
    ['top/next/blocks/01?format=car', '404'],
    ['top/next/blocks/2?format=car', '404'],
    ['top/number/more?format=car', '404'],
    ['top/constructor?format=car', '404'],
    ['top//next?format=car', '400'],
  ])('%s holds %s', async (path, blocks) => {
    const { car } = await tree();
    expect(await car(path)).toBe(blocks);
  });

  it('says what it sends, and takes the best of what is asked for', async () => {
    const { ask } = await tree();
    const typeOf = async (path: string, accept: string) =>
      (await ask(path, { accept })).headers.get('content-type');
    const car = 'application/vnd.ipld.car';
    expect(await typeOf('top', car)).toBe(`${car}; version=1; order=dfs; dups=n`);
    expect(await typeOf('top', `${car}; version=1; order=unk; dups=y`)).toBe(
      `${car}; version=1; order=dfs; dups=y`,
    );
    expect(await typeOf('top', `${car};order=foo, ${car};order=dfs;dups=y;q=0.5`)).toContain('dups=y');
    expect(await typeOf('top', `${car};q=0.5, application/vnd.ipld.raw;q=0.6`)).toBe(
      'application/vnd.ipld.raw',
    );
    expect(await typeOf('top?format=car', `${car};dups=y`)).toContain('dups=y');
    expect(await typeOf('top?format=car&car-dups=n', `${car};dups=y`)).toContain('dups=n');
  });

  it('gives every selection its own tag, and names the other place of an answer', async () => {
    const { ask, top } = await tree();
    const tags = new Set<string | null>();
    for (const query of ['', '&dag-scope=block', '&dag-scope=entity', '&entity-bytes=0:1', '&car-dups=y'])
      tags.add((await ask(`top?format=car${query}`)).headers.get('etag'));
    tags.add((await ask('top/next?format=car')).headers.get('etag'));
    expect(tags.size).toBe(6);
    const accept = 'application/vnd.ipld.car';
    expect((await ask('top', { accept })).headers.get('content-location')).toBe(`${top}?format=car`);
    expect((await ask('top?format=car', { accept })).headers.get('content-location')).toBeNull();
    const etag = (await ask('top?format=car')).headers.get('etag') ?? '';
    expect((await ask('top?format=car', { 'if-none-match': etag })).status).toBe(304);
  });

  it('refuses more at once than it may send, until one ends or is given up', async () => {
    const { ask } = await tree({ maxCars: 2 });
    const first = await ask('top?format=car');
    const second = await ask('top?format=car');
    const third = await ask('top?format=car');
    expect([first.status, second.status, third.status]).toEqual([200, 200, 429]);
    expect(third.headers.get('retry-after')).toBe('1');
    expect((await ask('top?format=raw')).status).toBe(200);
    await first.body?.cancel();
    await second.arrayBuffer();
    for (let i = 0; i < 2; i++) expect((await ask('top?format=car')).status).toBe(200);
    expect((await ask('top?format=car')).status).toBe(429);
  });

  it('breaks off a walk that has no end', async () => {
    const store = memory();
    let cid = await store.put(CODEC_RAW, new Uint8Array(1000));
    for (let i = 0; i < 40; i++) cid = await store.put(CODEC_DAG_CBOR, encode([cid, cid]));
    const handler = gatewayHandler({ store, authorize: () => true, maxCarBytes: 100_000 });
    const endless = await handler(new Request(`http://g/ipfs/${cid}?format=car&car-dups=y`));
    await expect(endless.arrayBuffer()).rejects.toThrow();
    const once = await handler(new Request(`http://g/ipfs/${cid}?format=car`));
    expect((await once.arrayBuffer()).byteLength).toBeLessThan(10_000);
  });
});

describe('blocks of the gateway', () => {
  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, undefined, 'bytes */10'],
    ['bytes=-0', 416, undefined, 'bytes */10'],
    ['bytes=3-1', 200, '0123456789', null],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['bytes=-', 200, '0123456789', null],
    ['chunks=0-1', 200, '0123456789', null],
    ['bytes=99999999999999999999-', 200, '0123456789', null],
  ])('answers the range %s with %i', async (range, status, body, contentRange) => {
    const { ask } = await tree();
    const response = await ask('leaf?format=raw', { range });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-range')).toBe(contentRange);
    if (body !== undefined) {
      expect(await response.text()).toBe(body);
      expect(response.headers.get('content-length')).toBe(`${body.length}`);
    }
  });

  it('obeys a range only of the block that the client knows', async () => {
    const { ask, leaf } = await tree();
    const range = 'bytes=0-1';
    const partly = await ask('leaf?format=raw', { range, 'if-range': `"${leaf}.raw"` });
    expect(partly.status).toBe(206);
    expect((await ask('leaf?format=raw', { range, 'if-range': '"other"' })).status).toBe(200);
    expect((await ask('top?format=car', { range })).status).toBe(200);
  });

  it('answers the probe by which clients find gateways, whoever asks', async () => {
    const { handler } = await tree({ authorize: () => false });
    const probe = (method: string, query: string) =>
      handler(new Request(`http://g/ipfs/bafkqaaa${query}`, { method }));
    for (const method of ['GET', 'HEAD']) {
      const raw = await probe(method, '?format=raw');
      expect([raw.status, raw.headers.get('content-type'), (await raw.arrayBuffer()).byteLength]).toEqual([
        200,
        'application/vnd.ipld.raw',
        0,
      ]);
    }
    const { body } = await probe('GET', '?format=car');
    if (body === null) throw new Error('no body');
    const { roots, blocks } = await readCar(body);
    expect(roots.map(String)).toEqual(['bafkqaaa']);
    for await (const { cid } of blocks) throw new Error(`${cid} was sent`);
    expect((await probe('GET', '')).status).toBe(400);
  });
});

describe('what the gateway gives to whom', () => {
  it.each([
    ['public', 200, 'public, max-age=29030400, immutable'],
    ['private', 200, 'private, max-age=29030400, immutable'],
    ['refused', 404, null],
    ['gone', 410, null],
  ] as const)('%s', async (verdict, status, caching) => {
    const { ask } = await tree({ authorize: async () => verdict });
    for (const format of ['raw', 'car']) {
      const response = await ask(`top?format=${format}`);
      expect(response.status).toBe(status);
      expect(response.headers.get('cache-control')).toBe(caching);
      await response.body?.cancel();
    }
  });

  it('answers alike what is absent and what is refused', async () => {
    const { handler, leaf } = await tree({ authorize: () => false });
    const absent = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
    const answers = [];
    for (const cid of [leaf, absent]) {
      const response = await handler(new Request(`http://g/ipfs/${cid}?format=raw`));
      answers.push([response.status, await response.text(), JSON.stringify([...response.headers])]);
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  it('follows no link to what is not given, in CARs and in paths', async () => {
    const { other, middle } = await tree();
    const hiding = (hidden: CID) => tree({ follow: (cid) => !cid.equals(hidden) });
    expect(await (await hiding(other)).car('top?format=car')).toBe('top middle leaf');
    expect(await (await hiding(middle)).car('top?format=car')).toBe('top leaf');
    expect(await (await hiding(middle)).car('top/next/blocks/0?format=car')).toBe('404');
    expect(await (await hiding(middle)).car('top/next?format=car')).toBe('404');
  });

  it('answers whatever is sent with a status, and never with its own failure', async () => {
    const { handler, top } = await tree();
    const piece = fc.oneof(
      fc.constantFrom(
        '/',
        '?',
        '&',
        '=',
        ':',
        ',',
        ';',
        '*',
        '%',
        '-1',
        'format=car',
        'format=raw',
        `${top}`,
      ),
      fc.constantFrom('/ipfs/', 'next', 'blocks', 'dag-scope=', 'entity-bytes=', 'car-dups=y', 'all'),
      fc.string({ maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(piece, { maxLength: 6 }),
        async (path, accept) => {
          const headers = new Headers();
          const text = accept.join('').replaceAll(/[^ -~]/g, '');
          headers.set('accept', text);
          headers.set('range', text);
          const response = await handler(new Request(new URL(`http://g/ipfs/${path.join('')}`), { headers }));
          expect([200, 206, 400, 404, 406, 416]).toContain(response.status);
          await response.arrayBuffer();
        },
      ),
    );
  });
});
