import type { HalfBlock } from '../../../packages/interface/src/index.ts';
import { HEADS_TOPIC } from '../../../packages/trustchain/src/protocol/messages.ts';
import type { ChainTown, TownNode } from '../chain-town.ts';
import type { Cheat } from './cheat.ts';

/** Far above the branches, so that nothing contradicts them. */
const FROM_SEQ = 1_000;
/** More than an author's room for heads takes in at once. */
const AT_ONCE = 40;
const EVERY_MS = 20;

/**
 * Has a cheat publish head after head of a chain that nobody has the beginning of, so that its author's share of
 * everybody's gossip is used up when a victim announces what it was shown. Returns what ends it.
 */
export async function drown(
  town: ChainTown,
  cheat: Cheat,
  victims: readonly TownNode[],
): Promise<() => void> {
  const { network } = cheat;
  // Whoever a victim could tell hears the noise at first hand.
  for (const victim of victims) {
    for (const peer of [victim.signer.publicKey, ...victim.network.peers()])
      town.networks.link(cheat.key, peer);
  }
  let last: HalfBlock | null = null;
  let isOver = false;
  const publish = async (): Promise<void> => {
    last = await cheat.sign(last, null, 'noise', FROM_SEQ);
    await network.publish(HEADS_TOPIC, last.bytes);
  };
  const go = (): void => {
    if (isOver) return;
    publish().catch((error: unknown) => town.note(`noise failed: ${String(error)}`));
    town.environment.schedule(EVERY_MS, go);
  };
  for (let n = 0; n < AT_ONCE; n++) await publish();
  go();
  await town.environment.advance(1_000);
  return () => {
    isOver = true;
  };
}
