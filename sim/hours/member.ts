import { join } from 'node:path';
import {
  type Crypto,
  memoryKeyValueStore,
  type PublicKey,
  softwareSigner,
  utf8ToBytes,
  type VirtualEnvironment,
} from '../../packages/interface/src/index.ts';
import { notary } from '../../packages/market/src/notary.ts';
import { createTrader, type Trader } from '../../packages/trader/src/index.ts';
import type { SimulatedNetworks } from '../../packages/trustchain/src/simulated.ts';
import { sqliteBlockStore, sqliteKeyValueStore } from '../../packages/trustchain/src/sqlite.ts';
import { keyValueContent } from './content.ts';

/** What all members of one network share. */
export interface Ground {
  readonly environment: VirtualEnvironment;
  readonly crypto: Crypto;
  readonly networks: SimulatedNetworks;
  readonly folder: string;
}

/** A trader on files that survive its restarts. */
export class Member {
  readonly name: string;
  readonly key: PublicKey;
  readonly #ground: Ground;
  readonly #secretKey: Uint8Array;
  /** Statement key of the witness; undefined for the hub, which is it. */
  readonly #witness: PublicKey | undefined;
  /** Statements of the hub outlive it. */
  readonly #statements = memoryKeyValueStore();
  #trader: Trader | undefined;
  #close: () => Promise<void> = async () => undefined;

  constructor(ground: Ground, name: string, witness: PublicKey | undefined) {
    this.#ground = ground;
    this.name = name;
    this.#witness = witness;
    this.#secretKey = ground.crypto.sha256(utf8ToBytes(name));
    this.key = softwareSigner({ crypto: ground.crypto, secretKey: this.#secretKey }).publicKey;
  }

  /** What runs; throws while it is down. */
  get trader(): Trader {
    if (this.#trader === undefined) throw new Error(`${this.name} does not run`);
    return this.#trader;
  }

  async start(): Promise<void> {
    const { environment, crypto, networks, folder } = this.#ground;
    const path = (what: string): string => join(folder, `${this.name}-${what}.sqlite`);
    const store = sqliteBlockStore({ path: path('blocks'), crypto, environment });
    const records = sqliteKeyValueStore({ path: path('records'), environment });
    const values = sqliteKeyValueStore({ path: path('content'), environment });
    this.#trader = await createTrader({
      environment,
      crypto,
      store,
      records,
      content: keyValueContent(values, { crypto, environment }),
      secretKey: this.#secretKey,
      network: ({ self }) => networks.create({ self }),
      ...(this.#witness === undefined
        ? { notary: notary({ store: this.#statements }) }
        : { matchmaker: false, witnesses: { keys: [this.#witness] } }),
    });
    this.#close = async () => {
      for (const each of [store, records, values]) await each.close();
    };
  }

  async stop(): Promise<void> {
    await this.#trader?.stop();
    this.#trader = undefined;
    await this.#close();
    this.#close = async () => undefined;
  }
}
