import type { DataSettlement } from '@edmp/data-settlement';
import { fsContentStore } from '@edmp/data-settlement/fs';
import { sealingThreads } from '@edmp/data-settlement/threads';
import {
  type Environment,
  type MeterSource,
  type Network,
  type PublicKey,
  publicKeyToHex,
  softwareSigner,
} from '@edmp/interface';
import { fastestNodeCrypto } from '@edmp/interface/crypto/sodium';
import type { Market } from '@edmp/market';
import { notary } from '@edmp/market/notary';
import type { TradeDurations, WitnessSettings } from '@edmp/market/trade';
import { createConsentLedger } from '@edmp/oehu-client';
import { createTrader, type TraderOptions } from '@edmp/trader';
import { pruning } from '@edmp/trustchain/pruning';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { openMeterMounts } from '../meters/meter-mounts.ts';
import type { NodeService } from '../service.ts';
import { VERSION } from '../version.ts';
import { withConsent } from './consents.ts';
import { type ContentStoreChoice, openContentStore } from './content-store.ts';
import { type DataFolder, keepPrivate } from './data-folder.ts';
import { finishErasures } from './erase-trade.ts';
import { NodeError } from './errors.ts';
import { complainFalsely, corruptReads, dieBeforeRelease, type NodeFault } from './faults.ts';
import { bitswapSources, capabilityKeyOf, type Ipfs, openIpfs } from './ipfs.ts';
import { levelReader } from './level-reader.ts';
import { meterDesk } from './meter-desk.ts';
import { neighboursOf } from './neighbours.ts';
import { networking } from './networking.ts';
import { publications } from './published.ts';
import { createService, pseudonymKeyOf } from './service.ts';
import { keepStorage, storageService } from './storage.ts';

/** Options of {@link createNode}. */
export interface CreateNodeOptions {
  readonly name: string;
  readonly folder: DataFolder;
  readonly environment: Environment;
  /** See `RunNodeOptions.uptime`. */
  readonly uptime?: () => number;
  /** Makes the network for the folder's identity; it is started here. */
  readonly network: TraderOptions['network'];
  readonly matchmaker: boolean;
  /** Whether the network relays for others. Default `false`. */
  readonly relay?: boolean;
  /** Serve as notary and witness, under a key that the folder's notary file makes and keeps. Default `false`. */
  readonly notary?: boolean;
  /** Whom this node trusts with the outcome of trades in test money. */
  readonly witnesses?: WitnessSettings;
  /** See `MarketOptions.loneNotaryParty`. Default false. */
  readonly loneNotaryParty?: boolean;
  /** Signed blocks of issued currencies to know from the start. */
  readonly currencies?: readonly Uint8Array[];
  /** IANA zone of the meters. */
  readonly zone: string;
  readonly meters?: { readonly source: MeterSource; readonly label: string };
  /** Lengths of a trade's phases. */
  readonly deadlines?: Partial<TradeDurations>;
  /** Delay and clock skew between witnesses, ms; see `MarketOptions.deltaMs`. */
  readonly deltaMs?: number;
  /** Where sealed blocks are kept. Default: in files. */
  readonly store?: ContentStoreChoice;
  /** IPFS nodes of the owner's own, which may read every sealed block here by bitswap. Default none. */
  readonly ipfsPeers?: readonly PublicKey[];
  /** Bytes that the block store may take on disk. Default 1 GiB. */
  readonly diskBudget?: number;
  /** Hears what an operator should know. Default: nobody. */
  readonly log?: (text: string) => void;
  readonly fault?: NodeFault;
}

/** A composed, running node without its HTTP server. */
export interface EdmpNode extends AsyncDisposable {
  readonly key: PublicKey;
  readonly network: Network;
  readonly market: Market;
  readonly settlement: DataSettlement;
  readonly service: NodeService;
  /** The trustless gateway: answers requests for `/ipfs/…`. */
  readonly gateway: Ipfs['gateway'];
  /** Stops everything in reverse order and releases the data folder. Idempotent. */
  stop(): Promise<void>;
}

/**
 * One node over a data folder: chain and records in SQLite, sealed blocks in files, peers over the given network.
 * Takes the folder over, also when it fails: whatever was opened is closed again. Throws what its parts throw.
 */
export async function createNode(options: CreateNodeOptions): Promise<EdmpNode> {
  const { folder, environment, fault } = options;
  // Before Node 24.7 there is no ML-KEM in node:crypto, and nothing is installed beside the program.
  const crypto = await fastestNodeCrypto({ mlKem768: ml_kem768 });
  const closers: (() => void | Promise<void>)[] = [() => folder.close()];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const close of closers.reverse()) await close();
    })();
    return stopping;
  };

  try {
    const store = sqliteBlockStore({
      path: folder.chainFile,
      crypto,
      shrinkable: true,
      onDamaged: ({ author, seq }) =>
        options.log?.(
          `warning: a damaged row of chain.sqlite is left out: block ${seq} of ${author === undefined ? 'an unknown author' : publicKeyToHex(author)}; it comes back when a peer sends it, or with a backup`,
        ),
    });
    closers.push(() => store.close());
    const records = sqliteKeyValueStore({ path: folder.recordsFile });
    closers.push(() => records.close());
    if (options.notary === true) keepPrivate(folder.notaryFile);
    const statements = options.notary === true ? sqliteKeyValueStore({ path: folder.notaryFile }) : undefined;
    if (statements !== undefined) closers.push(() => statements.close());
    // A store that reads from bitswap peers is opened before there is a network: its reads wait for this.
    const sources = bitswapSources();
    closers.push(() => sources.stop());
    const { content: files, local } = await openContentStore({
      choice: options.store ?? { kind: 'fs' },
      dir: folder.contentDir,
      records,
      crypto,
      environment,
      bitswap: (address) => sources.reader(address),
    });
    closers.push(() => files.close());
    const published = await fsContentStore({ dir: folder.publishedDir, environment, crypto });
    closers.push(() => published.close());
    const sealer = sealingThreads({ crypto });
    closers.push(() => sealer.stop());
    const consents = createConsentLedger({
      store: records,
      crypto,
      environment,
      signer: softwareSigner({ crypto, secretKey: folder.secretKey }),
    });
    const trader = await createTrader({
      network: options.network,
      secretKey: folder.secretKey,
      environment,
      crypto,
      store,
      records,
      pruning: pruning(),
      content: fault === 'corrupt-content' ? corruptReads(files) : files,
      matchmaker: options.matchmaker,
      sealer,
      ...(options.deadlines === undefined ? {} : { deadlines: options.deadlines }),
      ...(options.deltaMs === undefined ? {} : { deltaMs: options.deltaMs }),
      ...(options.witnesses === undefined ? {} : { witnesses: options.witnesses }),
      ...(options.loneNotaryParty === undefined ? {} : { loneNotaryParty: options.loneNotaryParty }),
      ...(options.currencies === undefined ? {} : { currencies: options.currencies }),
      ...(statements === undefined ? {} : { notary: notary({ store: statements }) }),
      // Showing a part is giving it away: only under a consent that holds, and in the owner's log, like the sale itself.
      async allowSample({ descriptor }, buyer) {
        await consents.checkSealing(descriptor, publicKeyToHex(buyer));
      },
      wrapSettlement: (honest) => {
        const consented = withConsent(honest, consents);
        if (fault === 'complain-falsely') return complainFalsely(consented);
        return fault === 'die-before-release'
          ? dieBeforeRelease(consented, () => process.kill(process.pid, 'SIGKILL'))
          : consented;
      },
    });
    closers.push(() => trader.stop());
    const mounts = openMeterMounts({
      folder,
      environment,
      zone: options.zone,
      ...(options.uptime === undefined ? {} : { uptime: options.uptime }),
    });
    closers.push(() => mounts.stop());
    const { network, trustchain, prunable, settlement, market } = trader;
    if (prunable === undefined) throw new NodeError('ERR_NODE_DATA', 'The chain cannot be pruned');
    const disk = keepStorage({
      chain: prunable,
      store,
      market,
      environment,
      budget: options.diskBudget,
      log: options.log ?? (() => {}),
    });
    closers.push(() => disk.stop());
    await finishErasures({ market, settlement, journal: records });
    const ipfs = openIpfs({
      network,
      records,
      sealed: local,
      published,
      crypto,
      environment,
      key: capabilityKeyOf(crypto, folder.secretKey),
      friends: options.ipfsPeers ?? [],
    });
    closers.push(() => ipfs.stop());
    sources.start(network, ipfs.bitswap);
    const service = createService({
      name: options.name,
      version: VERSION,
      environment,
      network,
      trustchain,
      settlement,
      market,
      journal: records,
      crypto,
      consents,
      desk: meterDesk({
        source: options.meters?.source,
        mounts,
        environment,
        neighbours: () => neighboursOf(market),
        zone: options.zone,
      }),
      mounts,
      meterSource: options.meters?.label ?? null,
      pseudonymKey: pseudonymKeyOf(crypto, folder.secretKey),
      publications: publications({
        store: published,
        records,
        chain: store,
        self: trader.key,
        settlement,
        environment,
      }),
      ipfs,
      storage: storageService(disk),
      networking: networking({
        name: options.name,
        network,
        market,
        communitiesFile: folder.communitiesFile,
        relay: options.relay ?? false,
      }),
      levelOf: levelReader(store, environment),
    });
    return {
      key: trader.key,
      network,
      market,
      settlement,
      service,
      gateway: ipfs.gateway,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
