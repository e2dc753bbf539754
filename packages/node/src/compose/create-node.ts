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
import { complainFalsely, corruptReads, dieBeforeRelease, type NodeFault } from './faults.ts';
import { bitswapSources, capabilityKeyOf, type Ipfs, openIpfs } from './ipfs.ts';
import { levelReader } from './level-reader.ts';
import { meterDesk } from './meter-desk.ts';
import { naming } from './naming.ts';
import { neighboursOf } from './neighbours.ts';
import { networking } from './networking.ts';
import { publications } from './published.ts';
import { createService, pseudonymKeyOf } from './service.ts';

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
  /** Makes the network of a party of the practice neighbour, which listens on this computer alone. Default: there is none. */
  readonly neighbourNetwork?: TraderOptions['network'];
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
  const closers = createClosers();
  closers.add(() => folder.close());

  try {
    const store = sqliteBlockStore({ path: folder.chainFile, crypto });
    closers.add(() => store.close());
    const records = sqliteKeyValueStore({ path: folder.recordsFile });
    closers.add(() => records.close());
    const practiceStatements = sqliteKeyValueStore({ path: folder.practiceFile });
    closers.add(() => practiceStatements.close());
    const trust = practiceTrust(
      options.witnesses ?? {},
      await practiceWitnessKey({ statements: practiceStatements, crypto, environment }),
    );
    if (options.notary === true) keepPrivate(folder.notaryFile);
    const statements = options.notary === true ? sqliteKeyValueStore({ path: folder.notaryFile }) : undefined;
    if (statements !== undefined) closers.add(() => statements.close());
    // A store that reads from bitswap peers is opened before there is a network: its reads wait for this.
    const sources = bitswapSources();
    closers.add(() => sources.stop());
    const { content: files, local } = await openContentStore({
      choice: options.store ?? { kind: 'fs' },
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
      network: options.network,
      secretKey: folder.secretKey,
      environment,
      crypto,
      store,
      records,
      content: fault === 'corrupt-content' ? corruptReads(files) : files,
      matchmaker: options.matchmaker,
      sealer,
      ...(options.deadlines === undefined ? {} : { deadlines: options.deadlines }),
      ...(options.deltaMs === undefined ? {} : { deltaMs: options.deltaMs }),
      witnesses: trust.node,
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
    closers.add(() => trader.stop());
    const practice = practising({
      environment,
      crypto,
      network: trader.network,
      neighbourNetwork: options.neighbourNetwork,
      witnesses: trust.neighbour,
      statements: practiceStatements,
    });
    closers.add(() => practice.stop());
    const mounts = openMeterMounts({
      folder,
      environment,
      zone: options.zone,
      ...(options.uptime === undefined ? {} : { uptime: options.uptime }),
    });
    closers.add(() => mounts.stop());
    const { network, trustchain, settlement, market } = trader;
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
    closers.add(() => ipfs.stop());
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
      networking: networking({
        name: options.name,
        network,
        market,
        communitiesFile: folder.communitiesFile,
        relay: options.relay ?? false,
      }),
      naming: naming(records),
      practising: practice,
      expectSellable: sellable(options.witnesses ?? {}, practice),
      levelOf: levelReader(store, environment),
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
    await closers.stop();
    throw error;
  }
}
