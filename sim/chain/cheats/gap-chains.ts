import type {
  BlockStore,
  HalfBlock,
  PublicKey,
  RequestHandler,
} from '../../../packages/interface/src/index.ts';
import { memoryBlockStore } from '../../../packages/trustchain/src/index.ts';
import { quota } from '../../../packages/trustchain/src/protocol/quota.ts';
import { syncHandler } from '../../../packages/trustchain/src/protocol/sync/serve-sync.ts';
import { SYNC_PROTOCOL } from '../../../packages/trustchain/src/protocol.ts';
import type { Cheat, Victim } from './cheat.ts';
import type { GapAnswer, GapCheat } from './gap-cheats.ts';

/** More than any victim may ask for. */
const ENDLESS = { burst: 1_000_000_000, perSecond: 1_000_000 };

/** One branch, from the first block on. */
export interface Branch<V extends Victim = Victim> {
  readonly victim: V;
  readonly blocks: readonly HalfBlock[];
}

/** Signs both branches of a cheat. */
export async function branchesOf<V extends Victim>(
  cheat: Cheat,
  { common, lengths }: GapCheat,
  victims: readonly [V, V],
): Promise<readonly [Branch<V>, Branch<V>]> {
  const shared: HalfBlock[] = [];
  for (let n = 0; n < common; n++) shared.push(await cheat.sign(shared.at(-1) ?? null, null, 'shared'));
  const grow = async (victim: V, length: number): Promise<Branch<V>> => {
    const blocks = [...shared];
    for (let n = 1; n <= length; n++) {
      const peer: PublicKey | null = n === length ? victim.signer.publicKey : null;
      blocks.push(await cheat.sign(blocks.at(-1) ?? null, peer, `for ${victim.name}`));
    }
    return { victim, blocks };
  };
  return [await grow(victims[0], lengths[0]), await grow(victims[1], lengths[1])];
}

/** Has a cheat answer those who ask for its chain, each victim in its own way; others are shown nothing. */
export async function serveBranches(
  cheat: Cheat,
  { common, answers }: GapCheat,
  branches: readonly Branch[],
): Promise<void> {
  const { environment } = cheat.town;
  const handlers = new Map<string, RequestHandler>();
  for (const { victim, blocks } of branches) {
    const store: BlockStore = memoryBlockStore();
    await store.put(shownBlocks(blocks, common, answers));
    handlers.set(victim.signer.publicKey.join(), syncHandler(store, quota(environment, ENDLESS)));
  }
  const nothing = syncHandler(memoryBlockStore(), quota(environment, ENDLESS));
  cheat.network.handle(SYNC_PROTOCOL, (request) => {
    if (answers === 'never') return new Promise<Uint8Array>(() => undefined);
    return (handlers.get(request.from.join()) ?? nothing)(request);
  });
}

function shownBlocks(blocks: readonly HalfBlock[], common: number, answers: GapAnswer): readonly HalfBlock[] {
  switch (answers) {
    case 'branch':
      return blocks;
    case 'rest':
      return blocks.filter(({ core }) => core.seq !== common + 1);
    case 'common':
      return blocks.slice(0, common);
    default:
      return [];
  }
}
