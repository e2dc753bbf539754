import {
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  publicKeyToHex,
  type Signer,
  softwareSigner,
  type Trustchain,
  type TrustchainEvent,
  utf8ToBytes,
} from '../../packages/interface/src/index.ts';
import { createTrustchain } from '../../packages/trustchain/src/index.ts';
import { type NodeClock, nodeClock } from '../lib/clock.ts';
import { type OpenDisk, SimulatedDisk } from '../lib/disk.ts';
import type { World } from '../lib/world.ts';

/**
 * Comparing heads and proofs less often than by default (a minute): two thirds of what happens in a town were comparisons
 * that found nothing. Every home still compares twice while a town comes to rest.
 */
const RECONCILE_MS = 4 * 60_000;
/** Blocks read from a store at once. */
const PAGE = 1_000;

/** What a home runs while it is up. */
export interface RunningHome {
  readonly network: Network;
  readonly chain: Trustchain;
  readonly stores: OpenDisk;
}

/** A home that trades nothing: a chain on a disk, which deals with its neighbours. It agrees to whatever is proposed to it. */
export class Home {
  readonly name: string;
  readonly signer: Signer;
  readonly clock: NodeClock;
  readonly disk: SimulatedDisk;
  /** Hears what its chain tells. */
  readonly onEvent: (home: Home, event: TrustchainEvent) => void;
  /** Stands between the home and the network: a bug on purpose. */
  readonly wrapNetwork: (network: Network) => Network;
  readonly #world: World;
  #running: RunningHome | null = null;
  #isOpening = false;

  constructor(
    world: World,
    name: string,
    onEvent: Home['onEvent'],
    wrapNetwork: Home['wrapNetwork'] = (network) => network,
  ) {
    this.wrapNetwork = wrapNetwork;
    this.#world = world;
    this.name = name;
    this.onEvent = onEvent;
    const secretKey = world.crypto.sha256(utf8ToBytes(`${world.seed} ${name}`));
    this.signer = softwareSigner({ crypto: world.crypto, secretKey });
    world.name(this.signer.publicKey, name);
    this.clock = nodeClock(world.environment);
    this.disk = new SimulatedDisk({
      environment: world.environment,
      random: world.random.fork(`${name} disk`),
      note: (fault) => world.fault(fault, name),
    });
  }

  get hex(): string {
    return publicKeyToHex(this.signer.publicKey);
  }

  get running(): RunningHome | null {
    return this.#running;
  }

  /** Starts over what is on its disk. Does nothing when it is up or starting. */
  async start(): Promise<void> {
    if (this.#running !== null || this.#isOpening) return;
    this.#isOpening = true;
    const { networks, crypto } = this.#world;
    try {
      const network = networks.create({ self: this.signer.publicKey });
      await network.start();
      const stores = await this.disk.open();
      const chain = await createTrustchain({
        signer: this.signer,
        crypto,
        store: stores.blocks,
        network: this.wrapNetwork(network),
        environment: this.clock,
        limits: { reconcileMs: RECONCILE_MS },
      });
      const running = { network, chain, stores };
      this.#running = running;
      chain.on((event) => {
        if (this.#running === running) this.#hear(event);
      });
      this.#world.trace(`${this.name} up`);
    } catch (error) {
      networks.crash(this.signer.publicKey);
      throw error;
    } finally {
      this.#isOpening = false;
    }
  }

  /** Power cut. */
  crash(): void {
    const running = this.#running;
    if (running === null) return;
    this.#world.trace(`${this.name} down`);
    this.#running = null;
    this.#world.networks.crash(this.signer.publicKey);
    this.disk.crash();
    running.chain.stop().catch(() => undefined);
  }

  /** Proposals that were made to it and that it has not answered, as its owner would look for them after a start. */
  async answerAll(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    for (const block of await this.blocks()) {
      if (this.#isForUs(block) && (await running.chain.pair(block.id)).state === 'pending')
        this.#agree(block);
    }
  }

  /** Every block that it stores. */
  async blocks(): Promise<readonly HalfBlock[]> {
    const blocks: HalfBlock[] = [];
    const store = this.#running?.stores.blocks;
    for (let after = 0; store !== undefined; ) {
      const page = await store.since(after, PAGE);
      for (const { block, arrival } of page) {
        blocks.push(block);
        after = arrival;
      }
      if (page.length < PAGE) break;
    }
    return blocks;
  }

  #hear(event: TrustchainEvent): void {
    this.onEvent(this, event);
    if (event.type === 'block' && !event.own && this.#isForUs(event.block)) this.#agree(event.block);
  }

  #isForUs({ core: { link, peer, key } }: HalfBlock): boolean {
    const { publicKey } = this.signer;
    return link === null && peer !== null && equalBytes(peer, publicKey) && !equalBytes(key, publicKey);
  }

  #agree(proposal: HalfBlock): void {
    const running = this.#running;
    running?.chain.agree(proposal.id).then(
      () => this.#world.trace(`${this.name} agrees to ${proposal.id}`),
      (error: unknown) => {
        if (isEdmpError(error) || this.#running !== running) return;
        this.#world.findings.add('violations', 'untyped-error', `${this.name} agree: ${String(error)}`);
      },
    );
  }
}
