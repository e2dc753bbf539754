import {
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
  type SeededRandom,
  softwareSigner,
  utf8ToBytes,
} from '../../packages/interface/src/index.ts';
import { Cheat, type CheatGround } from '../chain/cheats/cheat.ts';
import { HONEST_DISK } from '../lib/disk.ts';
import type { World } from '../lib/world.ts';
import type { Surroundings } from '../market/surroundings.ts';
import { STRANGERS } from './byzantine/strangers.ts';
import { Home } from './home.ts';

/** Homes that each home is connected to, besides the two beside it, on average. */
const MORE_NEIGHBOURS = 4;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** What homes do in one step of a history: one for each so many homes, within bounds. */
const HOMES_A_DEED = 20;
const MAX_DEEDS = 8;

/** What happens to homes, and how often each is drawn. */
const DEEDS = [
  ['deal', 12],
  ['crash', 2],
  ['isolate', 1],
  ['clock', 1],
  ['disk', 1],
  ['stranger', 3],
] as const;
const DEEDS_BY_WEIGHT = DEEDS.flatMap(([deed, weight]) => Array.from({ length: weight }, () => deed));

/** The homes of a town around a market: they keep chains, deal with each other, fail, and meet strangers. */
export class Homes implements Surroundings {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #homes: readonly Home[];
  readonly #links: (readonly [PublicKey, PublicKey])[] = [];
  /** Keys, hex, whose frames are lost at the moment. */
  readonly #isolated = new Set<string>();
  /** Strangers that forked, by key. */
  readonly #forkers = new Map<string, string>();
  readonly #byHex = new Map<string, Home>();
  #deeds = 0;
  #isHealed = false;

  /** `planted`: a bug that the first home has, and that has to be found. */
  constructor(world: World, count: number, planted?: Home['wrapNetwork']) {
    this.#world = world;
    this.#random = world.random.fork('homes');
    const onEvent: Home['onEvent'] = (home, event) => {
      if (event.type === 'fraud') this.#condemned(home, event.author);
    };
    this.#homes = Array.from(
      { length: count },
      (_, index) => new Home(world, `home${index}`, onEvent, index === 0 ? planted : undefined),
    );
    for (const home of this.#homes) this.#byHex.set(home.hex, home);
  }

  async start(): Promise<void> {
    const keys = this.#homes.map(({ signer }) => signer.publicKey);
    const hubs = this.#world.nodes.filter(({ isNotary }) => isNotary).map(({ key }) => key);
    const at = (index: number): PublicKey => keys[index % keys.length] as PublicKey;
    for (const [index, key] of keys.entries()) {
      this.#links.push([key, at(index + 1)]);
      for (let n = 0; n < MORE_NEIGHBOURS / 2; n++)
        this.#links.push([key, at(this.#random.below(keys.length))]);
      const hub = hubs[this.#random.below(Math.max(1, hubs.length))];
      if (hub !== undefined) this.#links.push([key, hub]);
    }
    for (const home of this.#homes) await this.#open(home);
    this.#connect();
    await this.#world.advance(5 * SECOND);
  }

  step(): void {
    const count = Math.max(1, Math.min(MAX_DEEDS, Math.floor(this.#homes.length / HOMES_A_DEED)));
    for (let n = 0; n < count; n++) this.#next(this.#random.fork(`deed ${++this.#deeds}`));
  }

  async heal(): Promise<void> {
    this.#isHealed = true;
    this.#isolated.clear();
    for (const home of this.#homes) {
      home.disk.setFaults(HONEST_DISK);
      home.clock.set(0);
      await this.#open(home);
    }
    this.#connect();
    // All links stand again; proposals and proofs have some rounds of comparing to come through.
    for (let round = 0; round < 3; round++) {
      await this.#world.advance(2 * MINUTE);
      this.#connect();
      for (const home of this.#homes) await home.answerAll();
    }
    await this.#world.advance(4 * MINUTE);
  }

  /** What must be true once everything was healed. */
  async check(): Promise<void> {
    const { findings } = this.#world;
    /** Authors of which two blocks of one position are held. */
    const forked = new Set<string>();
    const seen = new Map<string, HalfBlock>();
    for (const home of this.#homes) {
      if (home.running === null) {
        findings.add('stuck', 'does-not-start', home.name);
        continue;
      }
      for (const block of await home.blocks()) {
        const author = publicKeyToHex(block.core.key);
        const place = `${author} ${block.core.seq}`;
        const other = seen.get(place);
        if (other !== undefined && !equalBytes(other.id.bytes, block.id.bytes)) forked.add(author);
        seen.set(place, block);
        await this.#checkPair(home, block);
      }
    }
    for (const author of forked) await this.#checkKnown(author);
  }

  /** A deal of two homes that one of them kept has come to its end. */
  async #checkPair(home: Home, block: HalfBlock): Promise<void> {
    const { key, peer, link } = block.core;
    if (link !== null || peer === null || !equalBytes(key, home.signer.publicKey)) return;
    const state = await home.running?.chain.pair(block.id);
    if (state?.state === 'agreed' || !this.#byHex.has(publicKeyToHex(peer))) return;
    this.#world.findings.add('stuck', 'pair-open', `${home.name} ${block.core.seq} is ${state?.state}`);
  }

  /** A fork that homes hold between them is known to everybody, and no home of ours made one. */
  async #checkKnown(author: string): Promise<void> {
    const { findings, nodes } = this.#world;
    const own = this.#byHex.get(author);
    if (own !== undefined) findings.add('violations', 'forked-itself', own.name);
    const key = [...this.#forkers.keys()].includes(author) ? Buffer.from(author, 'hex') : undefined;
    if (key === undefined) return;
    const asked = [...this.#homes, ...nodes];
    for (const node of asked) {
      const chain = node instanceof Home ? node.running?.chain : node.running?.trustchain;
      if (chain === undefined || (await chain.isFraudulent(new Uint8Array(key) as PublicKey))) continue;
      findings.add('violations', 'fork-unknown', `${node.name}: ${this.#forkers.get(author)}`);
    }
  }

  #condemned(home: Home, author: PublicKey): void {
    const cheat = this.#byHex.get(publicKeyToHex(author));
    if (cheat === undefined) return;
    this.#world.findings.add('violations', 'honest-condemned', `${home.name} of ${cheat.name}`);
  }

  #next(random: SeededRandom): void {
    const deed = DEEDS_BY_WEIGHT[random.below(DEEDS_BY_WEIGHT.length)] ?? 'deal';
    const home = this.#homes[random.below(this.#homes.length)];
    if (home === undefined || !this.#world.plan.allows(`home ${this.#deeds} ${deed}`)) return;
    const ms = SECOND + random.below(MINUTE);
    switch (deed) {
      case 'deal':
        this.#deal(home, random);
        break;
      case 'crash':
        this.#crash(home, ms);
        break;
      case 'isolate':
        this.#isolate(home, ms);
        break;
      case 'clock':
        home.clock.set(random.below(40_001) - 20_000);
        this.#world.fault('clock-skew', home.name);
        break;
      case 'disk':
        home.disk.setFaults({ slowMs: random.below(200), full: random.below(2) * 0.05 });
        this.#world.fault('disk-slow', home.name);
        break;
      case 'stranger':
        void this.#visit(random);
        break;
    }
  }

  /** A home proposes to a neighbour; whether it can is the chain's business, and only how it fails is looked at. */
  #deal(home: Home, random: SeededRandom): void {
    const near = this.#links.filter(([a]) => equalBytes(a, home.signer.publicKey)).map(([, b]) => b);
    const peer = near[random.below(Math.max(1, near.length))];
    const chain = home.running?.chain;
    if (chain === undefined || peer === undefined || !this.#byHex.has(publicKeyToHex(peer))) return;
    if (equalBytes(peer, home.signer.publicKey)) return;
    chain.propose({ peer, type: 'reading', tx: { n: this.#deeds } }).catch((error: unknown) => {
      if (isEdmpError(error) || home.running?.chain !== chain) return;
      this.#world.findings.add('violations', 'untyped-error', `${home.name} propose: ${String(error)}`);
    });
  }

  #crash(home: Home, ms: number): void {
    if (home.running === null) return;
    this.#world.fault('crash', home.name);
    home.crash();
    this.#world.environment.schedule(ms, () => void this.#open(home).then(() => this.#connect()));
  }

  #isolate(home: Home, ms: number): void {
    this.#world.fault('partition', home.name);
    this.#isolated.add(home.hex);
    this.#world.environment.schedule(ms, () => this.#isolated.delete(home.hex));
  }

  async #visit(random: SeededRandom): Promise<void> {
    const up = this.#homes.filter(({ running }) => running !== null);
    const role = STRANGERS[random.below(STRANGERS.length)];
    const [first, second] = [
      up[random.below(Math.max(1, up.length))],
      up[random.below(Math.max(1, up.length))],
    ];
    if (role === undefined || first === undefined || second === undefined || first === second) return;
    const world = this.#world;
    const ground: CheatGround = {
      networks: world.networks,
      environment: world.environment,
      crypto: world.crypto,
      signer: (name) =>
        softwareSigner({
          crypto: world.crypto,
          secretKey: world.crypto.sha256(utf8ToBytes(`${world.seed} ${name}`)),
        }),
      note: (text) => world.trace(text),
    };
    const cheat = await Cheat.open(ground, `stranger ${this.#deeds}`);
    world.fault(`byzantine-stranger-${role.name}`, cheatName(cheat));
    if (role.forks) this.#forkers.set(publicKeyToHex(cheat.key), `${role.name} of ${cheatName(cheat)}`);
    try {
      await role.act({ cheat, victims: [first, second], random });
    } catch (error) {
      // Its victims crash, or want nothing of it.
      world.trace(`a stranger's trouble: ${error instanceof Error ? error.message : String(error)}`);
    }
    world.environment.schedule(10 * SECOND, () => void cheat.stop());
  }

  /** Starts a home until it starts; every home's frames pass the cut. */
  async #open(home: Home): Promise<void> {
    try {
      await home.start();
    } catch (error) {
      this.#world.trace(`${home.name} does not start: ${String(error)}`);
      if (!this.#isHealed) this.#world.environment.schedule(5 * SECOND, () => void this.#open(home));
      return;
    }
    const { publicKey } = home.signer;
    this.#world.networks.tamper(publicKey, ({ from, to, body }) => {
      const isLost =
        this.#isolated.size > 0 && [from, to].some((key) => this.#isolated.has(publicKeyToHex(key)));
      if (!isLost) return body;
      this.#world.faults.add('frame-loss');
      return undefined;
    });
  }

  /** Links whoever is up as the town is built. */
  #connect(): void {
    const up = new Set(this.#homes.filter(({ running }) => running !== null).map(({ hex }) => hex));
    for (const { key, isUp } of this.#world.nodes) if (isUp) up.add(publicKeyToHex(key));
    for (const [a, b] of this.#links) {
      if (!equalBytes(a, b) && up.has(publicKeyToHex(a)) && up.has(publicKeyToHex(b))) {
        this.#world.networks.link(a, b);
      }
    }
  }
}

const cheatName = (cheat: Cheat): string => publicKeyToHex(cheat.key).slice(0, 12);
