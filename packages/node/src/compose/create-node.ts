import { createSettlement, type DataSettlement } from '@edmp/data-settlement';
import { fsContentStore } from '@edmp/data-settlement/fs';
import {
  type Environment,
  type MeterSource,
  type Network,
  type PublicKey,
  softwareSigner,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createMarket, type Market, type TradeDurations } from '@edmp/market';
import { createTrustchain } from '@edmp/trustchain';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import type { NodeService } from '../service.ts';
import { VERSION } from '../version.ts';
import type { DataFolder } from './data-folder.ts';
import { corruptReads, dieBeforeRelease, type NodeFault } from './faults.ts';
import { levelReader } from './level-reader.ts';
import { meterDesk } from './meter-desk.ts';
import { createService, pseudonymKeyOf } from './service.ts';

/** Options of {@link createNode}. */
export interface CreateNodeOptions {
  readonly name: string;
  readonly folder: DataFolder;
  readonly environment: Environment;
  /** Makes the network for the folder's identity; it is started here. */
  readonly network: (identity: {
    readonly secretKey: Uint8Array;
    readonly publicKey: PublicKey;
  }) => Promise<Network> | Network;
  readonly matchmaker: boolean;
  /** IANA zone of the meters. */
  readonly zone: string;
  readonly meters?: { readonly source: MeterSource; readonly label: string };
  /** Lengths of a trade's phases. */
  readonly deadlines?: Partial<TradeDurations>;
  readonly fault?: NodeFault;
}

/** A composed, running node without its HTTP server. */
export interface EdmpNode {
  readonly key: PublicKey;
  readonly network: Network;
  readonly market: Market;
  readonly settlement: DataSettlement;
  readonly service: NodeService;
  /** Stops everything in reverse order and releases the data folder. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Plugs the packages together into one node: chain and records in SQLite, sealed blocks in files, peers over the
 * given network. Throws what its parts throw; whatever was opened before a failure is closed again.
 */
export async function createNode(options: CreateNodeOptions): Promise<EdmpNode> {
  const { folder, environment, fault } = options;
  const crypto = nodeCrypto();
  const signer = softwareSigner({ crypto, secretKey: folder.secretKey });
  const closers: (() => void | Promise<void>)[] = [() => folder.close()];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const close of closers.reverse()) await close();
    })();
    return stopping;
  };

  try {
    const store = sqliteBlockStore({ path: folder.chainFile });
    closers.push(() => store.close());
    const records = sqliteKeyValueStore({ path: folder.recordsFile });
    closers.push(() => records.close());
    const files = await fsContentStore({ dir: folder.contentDir, environment, crypto });
    closers.push(() => files.close());
    const network = await options.network({ secretKey: folder.secretKey, publicKey: signer.publicKey });
    await network.start();
    closers.push(() => network.stop());
    const trustchain = await createTrustchain({ signer, crypto, store, network, environment });
    closers.push(() => trustchain.stop());
    const honest = createSettlement({
      crypto,
      environment,
      content: fault === 'corrupt-content' ? corruptReads(files) : files,
      secrets: records,
      network,
    });
    closers.push(() => honest.stop());
    const settlement =
      fault === 'die-before-release'
        ? dieBeforeRelease(honest, () => process.kill(process.pid, 'SIGKILL'))
        : honest;
    const market = await createMarket({
      trustchain,
      network,
      settlement,
      environment,
      crypto,
      signer,
      records,
      matchmaker: options.matchmaker,
      ...(options.deadlines === undefined ? {} : { deadlines: options.deadlines }),
    });
    closers.push(() => market.stop());
    const service = createService({
      name: options.name,
      version: VERSION,
      environment,
      network,
      trustchain,
      settlement,
      market,
      desk: meterDesk({ source: options.meters?.source, environment, zone: options.zone }),
      meterSource: options.meters?.label ?? null,
      pseudonymKey: pseudonymKeyOf(crypto, folder.secretKey),
      levelOf: levelReader(store, environment),
    });
    return { key: signer.publicKey, network, market, settlement, service, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
