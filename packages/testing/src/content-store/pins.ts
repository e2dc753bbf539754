import { CODEC_DAG_CBOR, CODEC_RAW, type ContentStore, utf8ToBytes } from '@edmp/interface';
import * as fc from 'fast-check';
import type { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { collectAll, itemAt } from '../support.ts';
import { type ContentStoreSuiteOptions, cidOf, linkList, texts, withStore } from './harness.ts';

/** Pins, and what collecting leaves. Does nothing on stores that cannot pin. */
export function pinCases(options: ContentStoreSuiteOptions): void {
  const withPins = (body: Parameters<typeof withStore>[1]): Promise<void> =>
    withStore(options, async (store, harness) => {
      if (store.can.write && store.can.pin) await body(store, harness);
      else expect(store.can.pin && store.can.write).toBe(false);
    });

  describe('pins', () => {
    it('collects what no pin reaches and reports it', () =>
      withPins(async (store) => {
        const leaf = await store.put(CODEC_RAW, utf8ToBytes('leaf'));
        const middle = await store.put(CODEC_DAG_CBOR, linkList([leaf]));
        const root = await store.put(CODEC_DAG_CBOR, linkList([middle]));
        const loose = await store.put(CODEC_RAW, utf8ToBytes('loose'));
        await store.pin(root, 'trade 1');
        expect(await store.collect()).toEqual({ blocks: 1, bytes: 5 });
        expect(await store.has(loose)).toBe(false);
        for (const cid of [root, middle, leaf]) expect(await store.has(cid)).toBe(true);
        expect(await store.collect(), 'nothing is left to collect').toEqual({ blocks: 0, bytes: 0 });
      }));

    it('keeps a block until its last owner lets go', () =>
      withPins(async (store) => {
        const cid = await store.put(CODEC_RAW, utf8ToBytes('shared'));
        await store.pin(cid, 'a');
        await store.pin(cid, 'a');
        await store.pin(cid, 'b/../c');
        await store.unpin(cid, 'a');
        await store.unpin(cid, 'nobody');
        await store.collect();
        expect(await store.has(cid)).toBe(true);
        await store.unpin(cid, 'b/../c');
        await store.collect();
        expect(await store.has(cid)).toBe(false);
      }));

    it('spares young blocks during the grace time', () =>
      withPins(async (store, harness) => {
        if (harness.advance === undefined) return;
        const cid = await store.put(CODEC_RAW, utf8ToBytes('young'));
        expect(await store.collect({ graceMs: 60_000 })).toEqual({ blocks: 0, bytes: 0 });
        expect(await store.has(cid)).toBe(true);
        await harness.advance(60_001);
        expect(await store.collect({ graceMs: 60_000 })).toEqual({ blocks: 1, bytes: 5 });
        expect(await store.has(cid)).toBe(false);
      }));

    it('holds exactly what a plain model holds after random operations', async () => {
      const graph = await diamondGraph();
      const index = fc.nat({ max: graph.length - 1 });
      const owner = fc.constantFrom('a', 'b');
      const operation = fc.oneof(
        { weight: 4, arbitrary: fc.tuple(fc.constant('put' as const), index, owner) },
        { weight: 2, arbitrary: fc.tuple(fc.constant('pin' as const), index, owner) },
        { weight: 2, arbitrary: fc.tuple(fc.constant('unpin' as const), index, owner) },
        { weight: 1, arbitrary: fc.tuple(fc.constant('collect' as const), index, owner) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), (operations) =>
          withPins(async (store) => {
            const held = new Set<number>();
            const pins = new Set<string>();
            for (const [kind, at, who] of operations) {
              const node = itemAt(graph, at);
              if (kind === 'put') {
                for (const part of node.reaches) await put(store, itemAt(graph, part), held, part);
              } else if (kind === 'pin' && node.reaches.every((part) => held.has(part))) {
                await store.pin(node.cid, who);
                pins.add(`${who} ${at}`);
              } else if (kind === 'unpin') {
                await store.unpin(node.cid, who);
                pins.delete(`${who} ${at}`);
              } else if (kind === 'collect') {
                const live = new Set([...pins].flatMap((pin) => itemAt(graph, Number(pin.slice(2))).reaches));
                const dead = [...held].filter((part) => !live.has(part));
                expect(await store.collect()).toEqual({
                  blocks: dead.length,
                  bytes: dead.reduce((sum, part) => sum + itemAt(graph, part).bytes.length, 0),
                });
                for (const part of dead) held.delete(part);
              }
            }
            const wanted = [...held].map((part) => itemAt(graph, part).cid);
            for (const [part, node] of graph.entries())
              expect(await store.has(node.cid)).toBe(held.has(part));
            if (store.can.enumerate) expect(texts(await collectAll(store.list()))).toEqual(texts(wanted));
          }),
        ),
        { numRuns: 25 },
      );
    });
  });
}

interface GraphNode {
  readonly codec: typeof CODEC_RAW | typeof CODEC_DAG_CBOR;
  readonly bytes: Uint8Array;
  readonly cid: CID;
  /** Indices of the node itself and everything below it. */
  readonly reaches: readonly number[];
}

async function put(store: ContentStore, node: GraphNode, held: Set<number>, index: number): Promise<void> {
  await store.put(node.codec, node.bytes);
  held.add(index);
}

/** Four leaves, two lists that share one of them, and a root over both. */
async function diamondGraph(): Promise<GraphNode[]> {
  const nodes: GraphNode[] = [];
  const add = async (children: readonly number[], bytes: Uint8Array): Promise<void> => {
    const codec = children.length === 0 ? CODEC_RAW : CODEC_DAG_CBOR;
    const below = children.flatMap((child) => itemAt(nodes, child).reaches);
    nodes.push({
      codec,
      bytes,
      cid: await cidOf(codec, bytes),
      reaches: [...new Set([...below, nodes.length])],
    });
  };
  for (const text of ['north', 'east', 'south', 'west!']) await add([], utf8ToBytes(text));
  for (const children of [
    [0, 1],
    [1, 2],
    [4, 5],
  ]) {
    await add(children, linkList(children.map((child) => itemAt(nodes, child).cid)));
  }
  return nodes;
}
