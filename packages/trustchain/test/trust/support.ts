import { type PublicKey, publicKey } from '@edmp/interface';
import { createDealGraph, type DealGraph } from '@edmp/trustchain/trust';

/** A key for a name: its letters, then zeros. Numbers give keys in no order. */
export function agent(name: string | number): PublicKey {
  const bytes = new Uint8Array(32);
  if (typeof name === 'string') bytes.set(new TextEncoder().encode(name));
  else new DataView(bytes.buffer).setUint32(0, Math.imul(name + 1, 0x9e3779b1) >>> 0);
  return publicKey(bytes);
}

/** `[seller, buyer, amount]` */
export type Deal = readonly [string | number, string | number, number | bigint];

export function graphOf(deals: Iterable<Deal>): DealGraph {
  const graph = createDealGraph();
  for (const [seller, buyer, amount] of deals) {
    graph.add({ seller: agent(seller), buyer: agent(buyer), amount: BigInt(amount) });
  }
  return graph;
}
