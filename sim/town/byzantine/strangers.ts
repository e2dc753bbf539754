import { singleFrame } from '../../../packages/interface/src/index.ts';
import { RECONCILE_PROTOCOL } from '../../../packages/trustchain/src/protocol/gossip/reconcile-messages.ts';
import { OFFER_PROTOCOL } from '../../../packages/trustchain/src/protocol/messages.ts';
import {
  FRAUD_TOPIC,
  HEADS_TOPIC,
  PUSH_PROTOCOL,
  SYNC_PROTOCOL,
} from '../../../packages/trustchain/src/protocol.ts';
import { branchesOf, serveBranches } from '../../chain/cheats/gap-chains.ts';
import { GAP_CHEATS } from '../../chain/cheats/gap-cheats.ts';
import type { StrangerContext, StrangerRole } from './role.ts';

const PROTOCOLS = [PUSH_PROTOCOL, SYNC_PROTOCOL, OFFER_PROTOCOL, RECONCILE_PROTOCOL];

const forker: StrangerRole = {
  name: 'forks',
  forks: true,
  async act({ cheat, victims }) {
    for (const victim of victims) {
      cheat.meet(victim);
      await cheat.push(victim, [await cheat.sign(null, victim.signer.publicKey, 'branch')]);
    }
  },
};

const gapForker: StrangerRole = {
  name: 'forks-behind-a-gap',
  forks: true,
  async act({ cheat, victims, random }) {
    const kinds = GAP_CHEATS.filter(({ between }) => between === undefined);
    const kind = kinds[random.below(kinds.length)];
    if (kind === undefined) return;
    cheat.padding = kind.padding ?? 0;
    const branches = await branchesOf(cheat, kind, victims);
    await serveBranches(cheat, kind, branches);
    for (const [index, { victim, blocks }] of branches.entries()) {
      cheat.meet(victim);
      await cheat.push(victim, kind.shown[index] === 'all' ? blocks : blocks.slice(-1));
    }
  },
};

const flooder: StrangerRole = {
  name: 'floods-heads',
  forks: false,
  async act({ cheat, victims }) {
    for (const victim of victims) cheat.meet(victim);
    let last = await cheat.sign(null, null, 'noise', 1_000);
    for (let n = 0; n < 60; n++) {
      await cheat.network.publish(HEADS_TOPIC, last.bytes);
      last = await cheat.sign(last, null, 'noise');
    }
  },
};

/** Bytes of no meaning, or a frame of a block with some bits turned. */
async function junk({ cheat, victims: [first], random }: StrangerContext): Promise<Uint8Array> {
  if (random.below(2) === 0) return random.bytes(random.below(600));
  const { bytes } = await cheat.sign(null, first.signer.publicKey, 'junk');
  const turned = Uint8Array.of(0x81, 0x59, bytes.length >> 8, bytes.length & 255, ...bytes);
  for (let n = random.below(4); n >= 0; n--) turned[random.below(turned.length)] = random.below(256);
  return turned;
}

const garbler: StrangerRole = {
  name: 'sends-garbage',
  forks: false,
  async act(context) {
    const { cheat, victims, random } = context;
    for (const victim of victims) {
      cheat.meet(victim);
      for (const protocol of PROTOCOLS) {
        const asking = singleFrame(
          cheat.network.request(victim.signer.publicKey, protocol, await junk(context)),
        );
        await asking.catch(() => undefined); // Refused, as it should be.
      }
    }
    const topic = random.below(2) === 0 ? HEADS_TOPIC : FRAUD_TOPIC;
    await cheat.network.publish(topic, await junk(context));
  },
};

/** Answers every question with bytes of no meaning, and gives its victims a reason to ask. */
const babbler: StrangerRole = {
  name: 'answers-garbage',
  forks: false,
  async act(context) {
    const { cheat, victims } = context;
    for (const protocol of PROTOCOLS) cheat.network.handle(protocol, () => junk(context));
    for (const victim of victims) {
      cheat.meet(victim);
      await cheat.push(victim, [await cheat.sign(null, victim.signer.publicKey, 'with a past', 50)]);
    }
  },
};

/** Every role of strangers. */
export const STRANGERS: readonly StrangerRole[] = [forker, gapForker, flooder, garbler, babbler];
