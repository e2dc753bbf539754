import { createSettlement, type DataSettlement, memoryContentStore } from '@edmp/data-settlement';
import type { ChunkSealer } from '@edmp/data-settlement/sealing';
import {
  type BlockStore,
  type ContentStore,
  type Crypto,
  type DatasetDocument,
  type Environment,
  type KeyValueStore,
  memoryKeyValueStore,
  type Network,
  type PublicKey,
  type Settlement,
  type Signer,
  softwareSigner,
  systemEnvironment,
  type Trustchain,
} from '@edmp/interface';
import { fastestNodeCrypto } from '@edmp/interface/crypto/sodium';
import { createMarket, type Market, type MarketOptions, marketRules } from '@edmp/market';
import { BID_TYPE, decodeOrder } from '@edmp/market/codec';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import type { PrunableTrustchain, Pruning } from '@edmp/trustchain/pruning';
import { concludeTrades } from './conclude-trades.ts';

/** Options of {@link createTrader}; what is left out is kept in memory. */
export interface TraderOptions
  extends Pick<
    MarketOptions,
    | 'matchmaker'
    | 'deadlines'
    | 'deltaMs'
    | 'risk'
    | 'currencies'
    | 'limits'
    | 'witnesses'
    | 'loneNotaryParty'
    | 'notary'
  > {
  /** Makes the network for the trader's key; it is started here, and stopped with the trader. */
  readonly network: (identity: {
    readonly self: PublicKey;
    readonly secretKey: Uint8Array;
  }) => Network | Promise<Network>;
  /** 32-byte ed25519 seed. Default: a fresh one. */
  readonly secretKey?: Uint8Array;
  /** Default: the system's. */
  readonly environment?: Environment;
  /** Default: `fastestNodeCrypto()`, which is libsodium's ed25519 where `sodium-native` is installed. */
  readonly crypto?: Crypto;
  /** Default: memory. */
  readonly store?: BlockStore;
  /** Trade records and secrets. Default: memory. */
  readonly records?: KeyValueStore;
  /** Sealed blocks. Default: memory. */
  readonly content?: ContentStore;
  /**
   * Throws when `buyer` may not see a part of the data before it pays (DESIGN §5.3: at most a quarter of the chunks, over
   * all buyers). Default: everybody may.
   */
  readonly allowSample?: (document: DatasetDocument, buyer: PublicKey) => Promise<void>;
  /** Seals the chunks of deliveries, e.g. `sealingThreads` of `@edmp/data-settlement/threads`. Default: the calling thread. */
  readonly sealer?: ChunkSealer;
  /** Lets the chain be pruned: `pruning()` of `@edmp/trustchain/pruning`. Default: it keeps all that it stores. */
  readonly pruning?: Pruning;
  /** Puts something between the market and the settlement, e.g. a fault. */
  readonly wrapSettlement?: (settlement: DataSettlement) => Settlement;
}

/** Chain, data and market of one trader, plugged together. */
export interface Trader extends AsyncDisposable {
  readonly key: PublicKey;
  readonly signer: Signer;
  readonly network: Network;
  readonly trustchain: Trustchain;
  /** The same chain, where it was made with `pruning`. */
  readonly prunable: PrunableTrustchain | undefined;
  readonly settlement: DataSettlement;
  readonly market: Market;
  /** Stops market, settlement, chain and network; stores that were handed in stay open. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Composes one trader: a chain that signs, a settlement that seals and opens, and a market on top, over one network.
 * The shortest way into a program of your own; a node is this with files, HTTP and meters.
 * Throws what its parts throw; whatever was started before a failure is stopped again.
 */
export async function createTrader(options: TraderOptions): Promise<Trader> {
  const environment = options.environment ?? systemEnvironment();
  const crypto = options.crypto ?? (await fastestNodeCrypto());
  const secretKey = options.secretKey ?? environment.randomBytes(32);
  const signer = softwareSigner({ crypto, secretKey });
  const records = options.records ?? memoryKeyValueStore();
  const closers: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const close of closers.reverse()) await close();
    })();
    return stopping;
  };

  try {
    const network = await options.network({ self: signer.publicKey, secretKey });
    await network.start();
    closers.push(() => network.stop());
    const store = options.store ?? memoryBlockStore();
    const chain = { signer, crypto, store, network, environment, rules: marketRules(crypto) };
    const { pruning } = options;
    const prunable = pruning === undefined ? undefined : await createTrustchain({ ...chain, pruning });
    const trustchain = prunable ?? (await createTrustchain(chain));
    closers.push(() => trustchain.stop());
    const content = options.content ?? memoryContentStore({ crypto, environment });
    const settlement = createSettlement({
      crypto,
      environment,
      content,
      secrets: records,
      network,
      ...(options.sealer === undefined ? {} : { sealer: options.sealer }),
      spotChecks: {
        block: (id) => store.get(id),
        assetOfBid: (block) => (block.core.type === BID_TYPE ? decodeOrder(block, crypto).asset : undefined),
        ...(options.allowSample === undefined ? {} : { allow: options.allowSample }),
      },
    });
    closers.push(() => settlement.stop());
    const { matchmaker, deadlines, deltaMs, risk, currencies, limits, witnesses, loneNotaryParty, notary } =
      options;
    const market = await createMarket({
      trustchain,
      network,
      settlement: options.wrapSettlement?.(settlement) ?? settlement,
      environment,
      crypto,
      signer,
      records,
      ...(matchmaker === undefined ? {} : { matchmaker }),
      ...(deadlines === undefined ? {} : { deadlines }),
      ...(deltaMs === undefined ? {} : { deltaMs }),
      ...(risk === undefined ? {} : { risk }),
      ...(currencies === undefined ? {} : { currencies }),
      ...(limits === undefined ? {} : { limits }),
      ...(witnesses === undefined ? {} : { witnesses }),
      ...(loneNotaryParty === undefined ? {} : { loneNotaryParty }),
      ...(notary === undefined ? {} : { notary }),
    });
    closers.push(() => market.stop());
    closers.push(concludeTrades({ market, settlement, environment }));
    return {
      key: signer.publicKey,
      signer,
      network,
      trustchain,
      prunable,
      settlement,
      market,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
