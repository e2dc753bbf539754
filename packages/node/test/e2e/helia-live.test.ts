import { memoryContentStore } from '@edmp/data-settlement';
import { exportCar, importCar } from '@edmp/data-settlement/content';
import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { car } from '@helia/car';
import { withHTTP } from '@helia/http';
import { createVerifiedFetchWithHelia } from '@helia/verified-fetch';
import { CarReader } from '@ipld/car';
import * as dagCbor from '@ipld/dag-cbor';
import { multiaddr } from '@multiformats/multiaddr';
import { createHeliaLight, type Router } from 'helia';
import { CID } from 'multiformats/cid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { kuboBinary } from './support/kubo-process.ts';
import { type SoldDay, soldDay } from './support/sold-day.ts';

const links = (node: unknown): readonly CID[] =>
  (node as { readonly blocks: readonly unknown[] }).blocks.map((link) => CID.asCID(link) as CID);

const live = kuboBinary === undefined ? describe.skip : describe;
live(
  'Helia 7 and a running node (needs .ci/kubo, beside whose tests it runs)',
  { timeout: bounds.journey },
  () => {
    let sold: SoldDay;
    beforeAll(async () => {
      sold = await soldDay({ seller: ['--gateway', '127.0.0.1:0'] });
    }, bounds.journey);
    afterAll(async () => {
      await sold?.stop();
    }, bounds.journey);

    /**
     * A Helia that knows one gateway and one thing to say to it, and nobody else. The gateway is named by a router, not in
     * `recursiveGateways`: Helia 7.1 without another router waits for ever before it asks those.
     */
    const helia = async (capability?: string) => {
      const { hostname, port } = new URL((sold.seller.child.ready as { gateway: string }).gateway);
      const provider = {
        id: CID.parse(sold.link.manifest),
        multiaddrs: [multiaddr(`/ip4/${hostname}/tcp/${port}/http`)],
        protocols: ['transport-ipfs-gateway-http'],
        router: 'one-gateway',
        fallback: false,
      };
      const router: Router = {
        name: 'one-gateway',
        async *findProviders() {
          yield provider;
        },
      };
      const node = withHTTP(createHeliaLight({ codecs: [dagCbor], routers: [router] }), {
        delegatedRouters: [],
        recursiveGateways: [],
        allowInsecure: true,
        allowLocal: true,
        transformRequestInit: (init) => {
          const headers = new Headers(init?.headers);
          if (capability !== undefined) headers.set('authorization', `Bearer ${capability}`);
          return { ...init, headers };
        },
      });
      return node.start();
    };
    const carOf = async (): Promise<Uint8Array> =>
      new Uint8Array(await (await fetch(`${sold.seller.url}${sold.link.path}?format=car`)).arrayBuffer());
    const inOne = async (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
      const parts: Uint8Array[] = [];
      for await (const part of source) parts.push(part);
      return new Uint8Array(Buffer.concat(parts));
    };

    it('is fetched from, block by block and as a CAR, by verified-fetch with the capability of the deal', async () => {
      const { link } = sold;
      const node = await helia(link.capability);
      const verifiedFetch = await createVerifiedFetchWithHelia(node);
      try {
        const ask = async (cid: CID | string, accept: string): Promise<Uint8Array> => {
          const answer = await verifiedFetch(`ipfs://${cid}`, {
            headers: { accept },
            signal: AbortSignal.timeout(20_000),
          });
          expect(answer.status).toBe(200);
          return new Uint8Array(await answer.arrayBuffer());
        };
        const raw = 'application/vnd.ipld.raw';
        const own = async (cid: CID | string): Promise<Uint8Array> =>
          new Uint8Array(
            await (
              await fetch(`${sold.seller.url}/cap/${link.capability}/ipfs/${cid}?format=raw`)
            ).arrayBuffer(),
          );
        const manifest = await ask(link.manifest, raw);
        expect(manifest).toEqual(await own(link.manifest));
        const chunks = links(dagCbor.decode(manifest));
        expect(chunks.length).toBeGreaterThan(0);
        for (const chunk of chunks) expect(await ask(chunk, raw)).toEqual(await own(chunk));
        const whole = await ask(link.manifest, 'application/vnd.ipld.car');
        const crypto = nodeCrypto();
        const store = memoryContentStore({ crypto, environment: systemEnvironment() });
        const root = CID.parse(link.manifest);
        await importCar(new Blob([whole.slice()]).stream(), { crypto, store, root });
        expect(await inOne(exportCar(store, root))).toEqual(await carOf());
      } finally {
        await verifiedFetch.stop();
        await node.stop();
      }
    });

    it('refuses it without the capability, and with one of another deal', async () => {
      for (const capability of [undefined, 'a'.repeat(42)]) {
        const node = await helia(capability);
        const verifiedFetch = await createVerifiedFetchWithHelia(node);
        try {
          const answer = await verifiedFetch(`ipfs://${sold.link.manifest}`, {
            headers: { accept: 'application/vnd.ipld.raw' },
            signal: AbortSignal.timeout(20_000),
          }).catch((error: unknown) => error);
          expect(answer instanceof Response && answer.ok, String(answer)).toBe(false);
        } finally {
          await verifiedFetch.stop();
          await node.stop();
        }
      }
    });

    it('gives a CAR to Helia that comes out of it the same', async () => {
      const bytes = await carOf();
      const node = await createHeliaLight({ codecs: [dagCbor] }).start();
      try {
        await car(node).import(await CarReader.fromBytes(bytes));
        expect(await inOne(car(node).export(CID.parse(sold.link.manifest)))).toEqual(bytes);
      } finally {
        await node.stop();
      }
    });
  },
);
