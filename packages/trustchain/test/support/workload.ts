import { appendFileSync } from 'node:fs';
import { type BlockStore, type Trustchain, virtualEnvironment } from '@edmp/interface';
import { createTrustchain } from '@edmp/trustchain';
import { agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './blocks.ts';

/** The node under test. */
export const OWNER = signerOf(1);

/** Opens the owner's chain over a store. */
export function openOwner(store: BlockStore): Promise<Trustchain> {
  return createTrustchain({ signer: OWNER, crypto, store, environment: virtualEnvironment() });
}

/**
 * A node's ordinary day: proposals one by one and together, answers, a refusal, received blocks, a fork that is proven.
 * `released` is told of every own block once its signature may leave the process.
 */
export async function workload(
  store: BlockStore,
  released: (id: string, seq: number) => void,
): Promise<void> {
  const bob = signerOf(2);
  const cheat = signerOf(3);
  const chain = await openOwner(store);
  const release = (block: {
    readonly id: { toString(): string };
    readonly core: { readonly seq: number };
  }): void => released(block.id.toString(), block.core.seq);
  release(await chain.source({ type: 'test', tx: 'first' }));
  const mine = await chain.propose({ peer: bob.publicKey, type: 'test', tx: { deadline: START + 9 } });
  release(mine);
  await chain.receive((await agreementTo(bob, mine, { tx: mine.core.tx })).bytes);
  const together = await Promise.all(
    [1, 2, 3].map((n) => chain.propose({ peer: bob.publicKey, type: 'test', tx: n })),
  );
  for (const block of together) release(block);
  const theirs = await chainOf(signerOf(4), 3, (seq) => ({ peer: OWNER.publicKey, tx: seq }));
  await Promise.all(theirs.map((block) => chain.receive(block.bytes)));
  release(await chain.agree(itemAt(theirs, 0).id));
  release(await chain.refuse(itemAt(theirs, 1).id, 'no'));
  await chain.receive((await blockOf(cheat, { tx: 1 })).bytes);
  await chain.receive((await blockOf(cheat, { tx: 2 })).bytes);
  release(await chain.source({ type: 'test', tx: 'last' }));
  await chain.stop();
}

/** Notes a release in a file, so that it survives the process. */
export function releaseLog(path: string): (id: string, seq: number) => void {
  return (id, seq) => appendFileSync(path, `${seq} ${id}\n`);
}
