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
import { createConsentLedger } from '@edmp/oehu-client';
import { createTrader, type TraderOptions } from '@edmp/trader';
import { pruning } from '@edmp/trustchain/pruning';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { openMeterMounts } from '../meters/meter-mounts.ts';
import { practiceTrust, practiceWitnessKey, practising, sellable } from '../practice/practice.ts';
import type { NodeService } from '../service.ts';
import { VERSION } from '../version.ts';
import { createClosers } from './closers.ts';
import { withConsent } from './consents.ts';
import { type ContentStoreChoice, openContentStore } from './content-store.ts';
import { type DataFolder, keepPrivate } from './data-folder.ts';
import { finishErasures } from './erase-trade.ts';
import { NodeError } from './errors.ts';
import { complainFalsely, corruptReads, dieBeforeRelease, type NodeFault } from './faults.ts';
import { bitswapSources, capabilityKeyOf, type Ipfs, openIpfs } from './ipfs.ts';
import { levelReader } from './level-reader.ts';
import { meterDesk } from './meter-desk.ts';
import { naming } from './naming.ts';
import { neighboursOf } from './neighbours.ts';
import { networking } from './networking.ts';
import { publications as openPublications } from './published.ts';
import { consentsOf } from './service/consents.ts';
import { nodeEvents } from './service/events.ts';
import { currencyNames } from './service/known.ts';
import { ledger } from './service/ledger.ts';
import { mountingOf } from './service/meters.ts';
import { offers } from './service/offers.ts';
import { orders } from './service/orders.ts';
import { trades } from './service/trades.ts';
import { wallets } from './service/wallets.ts';
import { createService, pseudonymKeyOf } from './service.ts';
import { damageText, keepStorage, storageService } from './storage.ts';
import { trustViews } from './trust.ts';

/** What a node's trader takes as it is. */
type Trading = Pick<
  TraderOptions,
  'network' | 'matchmaker' | 'witnesses' | 'loneNotaryParty' | 'currencies' | 'deadlines' | 'deltaMs'
>;

/** Options of {@link createNode}. */
export interface CreateNodeOptions extends Trading {
  readonly name: string;
  readonly folder: DataFolder;
  readonly environment: Environment;
  /** See `RunNodeOptions.uptime`. */
  readonly uptime?: (() => number) | undefined;
  /** Whether the network relays for others. Default `false`. */
  readonly relay?: boolean;
  /** Serve as notary and witness, under a key that the folder's notary file makes and keeps. Default `false`. */
  readonly notary?: boolean;
  /** IANA zone of the meters. */
  readonly zone: string;
  readonly meters?: { readonly source: MeterSource; readonly label: string } | undefined;
  /** Where sealed blocks are kept. Default: in files. */
  readonly store?: ContentStoreChoice | undefined;
  /** IPFS nodes of the owner's own, which may read every sealed block here by bitswap. Default none. */
  readonly ipfsPeers?: readonly PublicKey[];
  /** Makes the network of a party of the practice neighbour, which listens on this computer alone. Default: there is none. */
  readonly neighbourNetwork?: TraderOptions['network'];
  /** Bytes that the block store may take on disk. Default 1 GiB. */
  readonly diskBudget?: number | undefined;
  /** Hears what an operator should know. Default: nobody. */
  readonly log?: (text: string) => void;
  readonly fault?: NodeFault | undefined;
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
  const { name, folder, environment, uptime, relay, notary: isNotary, zone, meters, ...others } = options;
  const { store: choice, ipfsPeers, neighbourNetwork, diskBudget, log, fault, ...trading } = others;
  // Before Node 24.7 there is no ML-KEM in node:crypto, and nothing is installed beside the program.
  const crypto = await fastestNodeCrypto({ mlKem768: ml_kem768 });
  const closers = createClosers();
  closers.add(() => folder.close());

  try {
    const store = sqliteBlockStore({
      path: folder.chainFile,
      crypto,
      shrinkable: true,
      onDamaged: (row) => log?.(damageText(row)),
    });
    closers.add(() => store.close());
    const records = sqliteKeyValueStore({ path: folder.recordsFile });
    closers.add(() => records.close());
    const practiceStatements = sqliteKeyValueStore({ path: folder.practiceFile });
    closers.add(() => practiceStatements.close());
    const practiceTrusts = practiceTrust(
      options.witnesses ?? {},
      await practiceWitnessKey({ statements: practiceStatements, crypto, environment }),
    );
    if (isNotary === true) keepPrivate(folder.notaryFile);
    const statements = isNotary === true ? sqliteKeyValueStore({ path: folder.notaryFile }) : undefined;
    if (statements !== undefined) closers.add(() => statements.close());
    // A store that reads from bitswap peers is opened before there is a network: its reads wait for this.
    const sources = bitswapSources();
    closers.add(() => sources.stop());
    const { content: files, local } = await openContentStore({
      choice: choice ?? { kind: 'fs' },
      dir: folder.contentDir,
      records,
      crypto,
      environment,
      bitswap: (address) => sources.reader(address),
    });
    closers.add(() => files.close());
    const published = await fsContentStore({ dir: folder.publishedDir, environment, crypto });
    closers.add(() => published.close());
    const sealer = sealingThreads({ crypto });
    closers.add(() => sealer.stop());
    const consents = createConsentLedger({
      store: records,
      crypto,
      environment,
      signer: softwareSigner({ crypto, secretKey: folder.secretKey }),
    });
    const trader = await createTrader({
      ...trading,
      secretKey: folder.secretKey,
      environment,
      crypto,
      store,
      records,
      pruning: pruning(),
      content: fault === 'corrupt-content' ? corruptReads(files) : files,
      sealer,
      witnesses: practiceTrusts.node,
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
    closers.add(() => trader.stop());
    const practice = practising({
      environment,
      crypto,
      network: trader.network,
      neighbourNetwork,
      witnesses: practiceTrusts.neighbour,
      statements: practiceStatements,
    });
    closers.add(() => practice.stop());
    const mounts = openMeterMounts({
      folder,
      environment,
      zone,
      uptime,
    });
    closers.add(() => mounts.stop());
    const { network, trustchain, prunable, settlement, market } = trader;
    if (prunable === undefined) throw new NodeError('ERR_NODE_DATA', 'The chain cannot be pruned');
    const disk = keepStorage({
      chain: prunable,
      store,
      market,
      environment,
      budget: diskBudget,
      log: log ?? (() => {}),
    });
    closers.add(() => disk.stop());
    await finishErasures({ market, settlement, journal: records });
    const ipfs = openIpfs({
      network,
      records,
      sealed: local,
      published,
      crypto,
      environment,
      key: capabilityKeyOf(crypto, folder.secretKey),
      friends: ipfsPeers ?? [],
    });
    closers.add(() => ipfs.stop());
    sources.start(network, ipfs.bitswap);
    const names = currencyNames(market);
    const publications = openPublications({
      store: published,
      records,
      chain: store,
      self: trader.key,
      settlement,
      environment,
    });
    const peers = networking({
      name,
      network,
      market,
      communitiesFile: folder.communitiesFile,
      relay: relay ?? false,
    });
    const expectSellable = sellable(options.witnesses ?? {}, practice);
    const service = createService({
      ledger: ledger({
        name,
        version: VERSION,
        environment,
        network,
        market,
        trustchain,
        meterSource: meters?.label ?? null,
        mounts,
        levelOf: levelReader(store, environment),
      }),
      meters: mountingOf(mounts),
      offers: offers({
        name,
        desk: meterDesk({
          source: meters?.source,
          mounts,
          environment,
          neighbours: () => neighboursOf(market),
          zone,
        }),
        market,
        settlement,
        consents,
        crypto,
        environment,
        pseudonymKey: pseudonymKeyOf(crypto, folder.secretKey),
        names,
        expectSellable,
      }),
      orders: orders({ market, settlement, trustchain, consents, networking: peers, names, expectSellable }),
      trades: trades({ market, settlement, trustchain, crypto, journal: records, publications, ipfs, names }),
      wallets: wallets({ market, names }),
      consents: consentsOf({ consents, settlement, market, environment }),
      trust: { trust: (key, asked) => trustViews(market, names, key, asked) },
      peers,
      published: {
        published: () => publications.list(),
        publish: (asked) => publications.publish(asked),
        withdrawPublished: (asked) => publications.withdraw(asked),
      },
      events: { on: nodeEvents({ environment, market, mounts, network, trustchain, names }) },
      naming: naming(records),
      practice,
      storage: storageService(disk),
    });
    return {
      key: trader.key,
      network,
      market,
      settlement,
      service,
      gateway: ipfs.gateway,
      stop: closers.stop,
      [Symbol.asyncDispose]: closers.stop,
    };
  } catch (error) {
    // What failed first is what is told.
    await closers.stop().catch(() => undefined);
    throw error;
  }
}
