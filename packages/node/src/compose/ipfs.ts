import { sealedAccess } from '@edmp/data-settlement/access';
import { type Bitswap, type BitswapLibp2p, startBitswap } from '@edmp/data-settlement/bitswap';
import { type GatewayVerdict, gatewayHandler } from '@edmp/data-settlement/gateway';
import {
  type ContentReader,
  type ContentStore,
  type Crypto,
  type Environment,
  hexToBytes,
  type KeyValueStore,
  type Network,
  type PublicKey,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { capabilityIn, clientIn } from '../http/ipfs-routes.ts';
import type { ContentLinkView } from '../service.ts';
import { NodeError } from './errors.ts';

/** What {@link openIpfs} needs. */
export interface IpfsParts {
  readonly network: Network;
  readonly records: KeyValueStore;
  /** Sealed blocks held here. */
  readonly sealed: ContentStore;
  /** What everybody may have. */
  readonly published: ContentStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  /** Secret behind capabilities. */
  readonly key: Uint8Array;
  /** IPFS nodes of the owner's own. */
  readonly friends: readonly PublicKey[];
}

/** The IPFS side of a node: what it holds, by bitswap and over a trustless gateway, each with access control. */
export interface Ipfs extends AsyncDisposable {
  /** Answers `/ipfs/…`; the capability of a request is in the header that `capabilityIn` reads. */
  readonly gateway: (request: Request) => Promise<Response>;
  /** Bitswap on the network's libp2p node; undefined when the network is none. */
  readonly bitswap: Bitswap | undefined;
  /** Where the sealed blocks of a trade are to be read. Throws `ERR_NODE_NOT_FOUND` while nothing is sealed for it. */
  link(trade: string): Promise<ContentLinkView>;
  stop(): Promise<void>;
}

/** Secret behind the capabilities of a node. */
export function capabilityKeyOf(crypto: Crypto, secretKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(secretKey, new TextEncoder().encode('edmp/content-capability-key/v1'));
}

/** Serves what is published to everybody, and sealed blocks to who may read them. */
export function openIpfs(parts: IpfsParts): Ipfs {
  const { network, records, sealed, published, crypto, environment } = parts;
  const access = sealedAccess({
    secrets: records,
    content: sealed,
    crypto,
    environment,
    key: parts.key,
    friends: parts.friends,
  });
  const store: Pick<ContentStore, 'get' | 'has'> = {
    has: async (cid, o) => (await published.has(cid, o)) || sealed.has(cid, o),
    get: async (cid, o) => ((await published.has(cid, o)) ? published : sealed).get(cid, o),
  };
  const libp2p = libp2pOf(network);
  const bitswap =
    libp2p === undefined
      ? undefined
      : startBitswap({
          libp2p,
          crypto,
          environment,
          store,
          mayRead: async (peer, cid) => (await published.has(cid)) || access.mayRead(peer, cid),
        });
  const mayHold = async (cid: CID, request: Request): Promise<GatewayVerdict> => {
    if (await published.has(cid)) return 'public';
    const capability = capabilityIn(request);
    if (capability === undefined) return 'refused';
    const scope = await access.scopeOf(capability);
    if (scope.kind === 'erased') return 'gone';
    return scope.kind === 'trade' && scope.may(cid) ? 'private' : 'refused';
  };
  const stop = async (): Promise<void> => bitswap?.stop();
  return {
    bitswap,
    gateway: gatewayHandler({
      store,
      authorize: mayHold,
      environment,
      // Whoever reads what is public may say any capability; for what is not, it had to have the right one.
      clientOf: (request, verdict) =>
        (verdict === 'private' ? capabilityIn(request) : undefined) ?? clientIn(request),
      follow: async (cid, request) => ['public', 'private'].includes(await mayHold(cid, request)),
    }),
    async link(trade) {
      const tradeId = hexToBytes(trade);
      const manifest = await access.manifestOf(tradeId);
      if (manifest === undefined)
        throw new NodeError('ERR_NODE_NOT_FOUND', 'Nothing is sealed for this deal yet, or it was erased');
      const capability = access.capability(tradeId);
      return {
        trade,
        manifest: manifest.toString(),
        capability,
        path: `/cap/${capability}/ipfs/${manifest}`,
      };
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The libp2p node of a network that runs on one. */
function libp2pOf(network: Network): BitswapLibp2p | undefined {
  return (network as Network & { readonly libp2p?: BitswapLibp2p }).libp2p;
}

/** Readers of what bitswap peers hold, made before bitswap runs: their reads wait for it. */
export interface BitswapSources {
  reader(address: string): ContentReader;
  start(network: Network, bitswap: Bitswap | undefined): void;
  /** Fails reads that still wait. */
  stop(): void;
}

/** See {@link BitswapSources}. */
export function bitswapSources(): BitswapSources {
  type Running = { readonly network: Network; readonly bitswap: Bitswap };
  let settle: { resolve(running: Running): void; reject(error: NodeError): void } | undefined;
  const running = new Promise<Running>((resolve, reject) => {
    settle = { resolve, reject };
  });
  running.catch(() => undefined);
  return {
    reader: (address) => ({
      async get(cid, options) {
        const { network, bitswap } = await running;
        const peer = await network.connect(address, { signal: options?.signal });
        return bitswap.reader(peer).get(cid, options);
      },
    }),
    start(network, bitswap) {
      if (bitswap !== undefined) settle?.resolve({ network, bitswap });
      else settle?.reject(new NodeError('ERR_NODE_CONFIG', 'This network speaks no bitswap'));
    },
    stop: () => settle?.reject(new NodeError('ERR_NODE_CONFLICT', 'The node was stopped')),
  };
}
