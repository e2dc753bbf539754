import {
  bytesToHex,
  type Environment,
  hexToBytes,
  publicKeyFromHex,
  publicKeyToHex,
  systemEnvironment,
} from '@edmp/interface';
import { joinedIn } from '../community/joined.ts';
import { createHttpApp, startGateway, startHttp } from '../http/index.ts';
import { createLog, type LogFormat, type LogLevel } from '../log.ts';
import { systemUptime } from '../meters/clock-watch.ts';
import type { NodeService } from '../service.ts';
import { createClosers } from './closers.ts';
import { parseContentStore } from './content-store.ts';
import { createNode, type EdmpNode } from './create-node.ts';
import { openDataFolder } from './data-folder.ts';
import { NodeError } from './errors.ts';
import type { NodeFault } from './faults.ts';
import { nodeNetwork } from './network.ts';
import { openMeters } from './open-meters.ts';
import { findWebFiles } from './web-folder.ts';

/** Options of {@link runNode}. */
export interface RunNodeOptions {
  readonly name: string;
  /** Data folder, an absolute path. */
  readonly data: string;
  /** HTTP port; 0 = any free one. */
  readonly http: number;
  /** Multiaddrs to listen on for peers. */
  readonly listen: readonly string[];
  /** Multiaddrs of peers to stay connected to. */
  readonly connect: readonly string[];
  /** Multiaddrs to tell peers instead of those listened on, e.g. of a forwarded port. Default none. */
  readonly announce?: readonly string[];
  /** Multiaddrs, each with its peer id, of relays to be reached through behind a router. Default none. */
  readonly relays?: readonly string[];
  /** Relay for peers behind routers, within limits. Default false. */
  readonly relay?: boolean;
  /** `emulator`, `none`, or the base URL of an OEHU API. */
  readonly meters: string;
  /** IANA zone of the meters. */
  readonly zone: string;
  readonly matchmaker: boolean;
  /** Serve as notary and witness. Default: only with `issue`. */
  readonly notary?: boolean;
  /** Label of a currency to open with this node as issuer and notary, unless it did before. */
  readonly issue?: string;
  /** Statement keys, hex, of witnesses that this node trusts with trades in test money; its own is one of them when it serves. Default none. */
  readonly witnesses?: readonly string[];
  /** Trade in test money without witnesses, too. Default false. */
  readonly withoutWitnesses?: boolean;
  /** Trade in issued money also when one side is its only notary, who then judges its own deals. Default false. */
  readonly tradeWithNotary?: boolean;
  /** Signed blocks, hex, of issued currencies to know. Default none. */
  readonly currencies?: readonly string[];
  /** Serve the GUI. */
  readonly web: boolean;
  /** Length of each phase of a trade, ms. */
  readonly phaseTimeout?: number;
  /** Where sealed blocks are kept: `fs` (default), `kubo:URL`, or `layered:SOURCE,…`; see `parseContentStore`. */
  readonly store?: string;
  /** Peer keys, hex, of IPFS nodes of the owner's own, which may read every sealed block here by bitswap. Default none. */
  readonly ipfsPeers?: readonly string[];
  /** A listener for the trustless gateway alone. Default: only at `/ipfs/` of the API. */
  readonly gateway?: {
    readonly host: string;
    readonly port: number;
    readonly tls?: { readonly certificate: string; readonly key: string };
  };
  /** Lets programs of this machine use EDMP's calls of 2019 without the token, payments too. Default false. */
  readonly edmpCompatOpen?: boolean;
  /** The least grave level of what `log` hears. Default `info`; `debug` tells of every request. */
  readonly logLevel?: LogLevel;
  /** Lines for people, or one JSON object a line. Default `text`. */
  readonly logFormat?: LogFormat;
  /** Bytes that the block store may take on disk. Default 1 GiB. */
  readonly diskBudget?: number;
  readonly fault?: NodeFault;
  /** Default: the system's. */
  readonly environment?: Environment;
  /**
   * How long this computer has been running, its sleep included, ms: by it the node notices when the computer's clock is
   * set. Default: the system's, where `environment` is not given.
   */
  readonly uptime?: () => number;
  /** Hears what an operator should know, a line at a time. */
  readonly log: (text: string) => void;
}

/** A node with its HTTP server. */
export interface RunningNode extends AsyncDisposable {
  readonly url: string;
  /** Where the trustless gateway is reached: its own listener, or the API's. */
  readonly gatewayUrl: string;
  readonly token: string;
  /** Own public key, hex. */
  readonly key: string;
  readonly addresses: readonly string[];
  readonly meterSource: string | null;
  /** Statement keys, hex, under which it serves as notary and witness. */
  readonly witnessKeys: readonly string[];
  /** The currency of {@link RunNodeOptions.issue}: its id, and the signed block, hex, that makes it known elsewhere. */
  readonly issued: { readonly id: string; readonly block: string } | null;
  /** The node's services, as its HTTP API has them. */
  readonly service: NodeService;
  /** Stops HTTP, peers, stores and the emulator. Idempotent. */
  stop(): Promise<void>;
}

/** A phase leaves room for a hold that comes at its end and for the witnesses' rounds: 2 and 3 Δ of 20. */
const DELTAS_A_PHASE = 20;

/**
 * Opens the data folder, the meters, the peers and the HTTP server of one node. Throws the first failure with everything
 * closed again, `ERR_NODE_CONFIG` for options that fit nothing.
 */
export async function runNode(options: RunNodeOptions): Promise<RunningNode> {
  const environment = options.environment ?? systemEnvironment();
  const uptime = options.uptime ?? (options.environment === undefined ? systemUptime : undefined);
  const log = createLog({
    environment,
    level: options.logLevel ?? 'info',
    format: options.logFormat ?? 'text',
    write: options.log,
  });
  const unexpected = (error: unknown): void =>
    log.tell('error', `unexpected failure: ${(error as Error).stack ?? String(error)}`);
  const closers = createClosers();
  try {
    const meters = await openMeters({ meters: options.meters, environment });
    if (meters !== undefined) closers.add(() => meters.stop());
    const folder = openDataFolder(options.data, environment);
    const phase = options.phaseTimeout;
    const joined = joinedIn(folder.communitiesFile, (error) => log.tell('warn', error.message));
    const connect = [...options.connect, ...joined.flatMap(({ matchmakers }) => matchmakers)];
    const relays = [...(options.relays ?? []), ...joined.flatMap((each) => each.relays)];
    const witnesses = [...(options.witnesses ?? []), ...joined.flatMap((each) => each.witnesses)];
    const currencies = [...(options.currencies ?? []), ...joined.flatMap((each) => each.currencies)];
    const node = await createNode({
      name: options.name,
      folder,
      environment,
      uptime,
      matchmaker: options.matchmaker,
      notary: options.notary === true || options.issue !== undefined,
      witnesses: {
        keys: [...new Set(witnesses)].map(publicKeyFromHex),
        allowNone: options.withoutWitnesses ?? false,
      },
      loneNotaryParty: options.tradeWithNotary ?? false,
      currencies: [...new Set(currencies)].map(hexToBytes),
      relay: options.relay ?? false,
      zone: options.zone,
      meters,
      ...(phase === undefined
        ? {}
        : { deadlines: { accept: phase, release: phase }, deltaMs: Math.floor(phase / DELTAS_A_PHASE) }),
      store: options.store === undefined ? undefined : parseContentStore(options.store),
      ipfsPeers: (options.ipfsPeers ?? []).map(publicKeyFromHex),
      fault: options.fault,
      neighbourNetwork: ({ secretKey }) =>
        nodeNetwork({
          secretKey,
          environment,
          listen: ['/ip4/127.0.0.1/tcp/0'],
          announce: [],
          connect: [],
          relays: [],
          relay: false,
        }),
      diskBudget: options.diskBudget,
      log: options.log,
      network: ({ secretKey }) =>
        nodeNetwork({
          secretKey,
          environment,
          listen: options.listen,
          announce: options.announce ?? [],
          connect,
          relays,
          relay: options.relay ?? false,
        }),
    });
    closers.add(() => node.stop());
    const issued = options.issue === undefined ? null : await issue(node, options.issue);
    for (const address of new Set([...relays, ...connect])) {
      try {
        await node.network.connect(address, { signal: AbortSignal.timeout(5_000) });
      } catch (error) {
        log.tell('warn', `cannot reach ${address} yet (${(error as Error).message}); the node keeps trying`);
      }
    }
    const web = options.web ? findWebFiles() : undefined;
    if (options.web && web === undefined)
      log.tell(
        'warn',
        'the web page is not built, serving the API only; in a clone, its start script builds it',
      );
    const app = createHttpApp({
      service: node.service,
      gateway: node.gateway,
      token: folder.token,
      environment,
      log,
      onFailure: unexpected,
      allowUnauthenticatedCompat: options.edmpCompatOpen ?? false,
      web,
    });
    const http = await startHttp({ app, port: options.http });
    closers.add(() => http.stop());
    const gateway =
      options.gateway === undefined
        ? undefined
        : await startGateway({
            ...options.gateway,
            gateway: node.gateway,
            onFailure: unexpected,
          });
    if (gateway !== undefined) closers.add(() => gateway.stop());
    return {
      url: http.url,
      gatewayUrl: gateway?.url ?? http.url,
      token: folder.token,
      key: publicKeyToHex(node.key),
      addresses: node.network.addresses(),
      meterSource: meters?.label ?? null,
      witnessKeys: node.market.notaryKeys.map(publicKeyToHex),
      issued,
      service: node.service,
      stop: closers.stop,
      [Symbol.asyncDispose]: closers.stop,
    };
  } catch (error) {
    // What failed first is what is told.
    await closers.stop().catch(() => undefined);
    if (error instanceof Error) throw error;
    throw new NodeError('ERR_NODE_CONFIG', String(error));
  }
}

/** The own currency of that label: the key makes a second start find the first one's. */
async function issue(node: EdmpNode, label: string): Promise<NonNullable<RunningNode['issued']>> {
  const { id } = await node.market.issueCurrency({ label, precision: 0 }, { key: `start ${label}` });
  return { id, block: bytesToHex(node.market.currencyBlock(id).bytes) };
}
