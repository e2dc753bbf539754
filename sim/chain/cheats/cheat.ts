import { encodeCanonical } from '../../../packages/interface/src/format/index.ts';
import {
  type Crypto,
  type Environment,
  type HalfBlock,
  type Network,
  type PublicKey,
  type Signer,
  singleFrame,
} from '../../../packages/interface/src/index.ts';
import { blockIdFromDigest, signHalfBlock } from '../../../packages/trustchain/src/block.ts';
import { PUSH_PROTOCOL } from '../../../packages/trustchain/src/protocol.ts';
import type { SimulatedNetworks } from '../../../packages/trustchain/src/simulated.ts';

/** Where a cheat acts. */
export interface CheatGround {
  readonly networks: SimulatedNetworks;
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** The key that `name` always has in a run of this seed. */
  signer(name: string): Signer;
  /** One more line of the trace. */
  note(text: string): void;
}

/** Whom a cheat meets. */
export interface Victim {
  readonly name: string;
  readonly signer: Pick<Signer, 'publicKey'>;
}

/** A key of its own, connected to some victims, that signs what it likes and keeps no chain. */
export class Cheat {
  readonly town: CheatGround;
  readonly signer: Signer;
  readonly network: Network;
  /** Bytes that every block is made larger by. */
  padding = 0;

  private constructor(town: CheatGround, signer: Signer, network: Network) {
    this.town = town;
    this.signer = signer;
    this.network = network;
  }

  static async open(town: CheatGround, name: string): Promise<Cheat> {
    const signer = town.signer(name);
    const network = town.networks.create({ self: signer.publicKey });
    await network.start();
    return new Cheat(town, signer, network);
  }

  get key(): PublicKey {
    return this.signer.publicKey;
  }

  /**
   * A block after `before`; `peer` null: a source block. A chain may begin `above` a position: the blocks below are
   * said to exist.
   */
  sign(before: HalfBlock | null, peer: PublicKey | null, memo: string, above = 0): Promise<HalfBlock> {
    const { crypto } = this.town;
    const unknown = above === 0 ? null : blockIdFromDigest(crypto.sha256(this.key));
    const core = {
      v: 1,
      key: this.key,
      seq: before === null ? above + 1 : before.core.seq + 1,
      prev: before?.id ?? unknown,
      peer,
      link: null,
      type: 'payment',
      tx: { amount: 100, memo: memo + '.'.repeat(this.padding) },
      time: this.town.environment.now(),
    } as const;
    return signHalfBlock(core, this.signer, crypto);
  }

  meet(node: Victim): void {
    this.town.networks.link(this.key, node.signer.publicKey);
  }

  /** Shows some blocks to one node, and to nobody else. What comes of it is not the cheat's business. */
  async push(to: Victim, blocks: readonly HalfBlock[]): Promise<void> {
    try {
      const body = encodeCanonical(blocks.map(({ bytes }) => bytes));
      await singleFrame(this.network.request(to.signer.publicKey, PUSH_PROTOCOL, body));
    } catch (error) {
      this.town.note(`a push of a cheat failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  stop(): Promise<void> {
    return this.network.stop();
  }
}
