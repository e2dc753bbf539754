import {
  type AbortOptions,
  CODEC_DAG_CBOR,
  type ContentReader,
  type Crypto,
  type Environment,
  hexToBytes,
  isEdmpError,
  type KeyValueStore,
  type PublicKey,
  publicKeyToHex,
  throwIfAborted,
} from '@edmp/interface';
import { type BoundedMap, boundedMap } from '@edmp/interface/bounded';
import { CID } from 'multiformats/cid';
import { isSupportedCid } from '../codec/cid.ts';
import { decodeBought, decodeSold, recordKey } from '../exchange/records.ts';
import { linksOf } from '../store/links.ts';
import { capabilityOf, tradeOfCapability } from './capability.ts';

/** Manifests of one peer whose chunks it may ask for: those that it asked for last. A manifest is 16 000 chunks at most. */
const ROOTS_PER_PEER = 16;
/** Peers and manifests remembered; either is found again when it is needed. */
const MAX_PEERS = 4096;
const MAX_MANIFESTS = 32;
/** Records are looked through again for what a peer may read at most this often, ms; a manifest that is asked for is found at once. */
const SCAN_PAUSE_MS = 60_000;
const PAGE = 1000;

/** Options of {@link sealedAccess}. */
export interface SealedAccessOptions {
  /** The settlement's private records; they are only read. */
  readonly secrets: KeyValueStore;
  /** Where the sealed blocks are. */
  readonly content: ContentReader;
  readonly crypto: Pick<Crypto, 'hmacSha256'>;
  readonly environment: Pick<Environment, 'now'>;
  /** Secret behind capabilities; whoever has it can make one for every trade. */
  readonly key: Uint8Array;
  /** Peers that may read the sealed blocks of every trade: IPFS nodes of the owner's own. Default none. */
  readonly friends?: readonly PublicKey[];
}

/** What a capability is good for. */
export type CapabilityScope =
  | { readonly kind: 'trade'; readonly manifest: CID; may(cid: CID): boolean }
  /** The trade was erased. */
  | { readonly kind: 'erased' }
  | { readonly kind: 'unknown' };

/** Knows who may read which sealed blocks. */
export interface SealedAccess {
  /** Whether a peer may have a block: it is a party to a trade of which it is a part. */
  mayRead(peer: PublicKey, cid: CID, options?: AbortOptions): Promise<boolean>;
  /** Text that lets whoever has it read the sealed blocks of a trade, until the trade is erased. */
  capability(tradeId: Uint8Array): string;
  scopeOf(capability: string, options?: AbortOptions): Promise<CapabilityScope>;
  /** Manifest of a trade that this node sold or bought; undefined when nothing is sealed for it. */
  manifestOf(tradeId: Uint8Array, options?: AbortOptions): Promise<CID | undefined>;
}

/**
 * Who may read what a settlement sealed or bought, from its records: a buyer what was sealed for it, a seller what was
 * bought of it, a friend everything, and the holder of a capability the blocks of one trade. What an erased trade left
 * behind is nobody's.
 */
export function sealedAccess(options: SealedAccessOptions): SealedAccess {
  const { secrets, content, crypto, environment, key } = options;
  const friends = new Set<string>((options.friends ?? []).map(publicKeyToHex));
  /** Manifests that a peer asked for or that the last look through the records found, the newest last. */
  const rootsOf = boundedMap<string, BoundedMap<string, true>>({ max: MAX_PEERS, refresh: true });
  const chunksOf = boundedMap<string, ReadonlySet<string>>({ max: MAX_MANIFESTS, refresh: true });
  /** Manifests that were bought, and of whom. */
  const bought = boundedMap<string, string>({ max: 100_000 });
  let scannedAt: number | undefined;
  let scanning: Promise<void> | undefined;

  const remember = (peer: string, root: string): void => {
    const roots = rootsOf.get(peer) ?? boundedMap<string, true>({ max: ROOTS_PER_PEER });
    roots.set(root, true);
    rootsOf.set(peer, roots);
  };
  /** Whether a peer is party to a trade of a manifest, as the records say now. */
  const isParty = async (peer: string, root: string): Promise<boolean> => {
    const cid = CID.parse(root);
    const anyone = recordKey.root(cid, new Uint8Array(0)).slice(0, -1);
    const prefix = friends.has(peer) ? anyone : recordKey.root(cid, hexToBytes(peer));
    if ((await secrets.range(prefix, { limit: 1 })).length > 0) return true;
    const seller = bought.get(root);
    return seller !== undefined && (seller === peer || friends.has(peer));
  };
  const scan = async (): Promise<void> => {
    await eachEntry(secrets, 'settlement/root/', (name) => {
      const [, , root = '', buyer = ''] = name.split('/');
      remember(buyer, root);
    });
    bought.clear();
    await eachEntry(secrets, recordKey.bought(new Uint8Array(0)), (_, bytes) => {
      const { trade, delivery } = decodeBought(bytes);
      bought.set(delivery.manifest.toString(), publicKeyToHex(trade.seller));
      remember(publicKeyToHex(trade.seller), delivery.manifest.toString());
    });
  };
  /** Looks through the records unless that was done a short time ago; a friend need not wait so long. */
  const rescan = async (peer: string): Promise<void> => {
    const pause = friends.has(peer) ? 1000 : SCAN_PAUSE_MS;
    const now = environment.now();
    if (scannedAt !== undefined && now >= scannedAt && now - scannedAt < pause) return scanning;
    scannedAt = now;
    scanning = scan().finally(() => {
      scanning = undefined;
    });
    return scanning;
  };
  const chunks = async (root: string): Promise<ReadonlySet<string>> => {
    const known = chunksOf.get(root);
    if (known !== undefined) return known;
    const cid = CID.parse(root);
    try {
      const found = new Set(linksOf(cid, await content.get(cid)).map(String));
      chunksOf.set(root, found);
      return found;
    } catch (error) {
      // A manifest that is gone or damaged names nothing.
      if (isEdmpError(error) && error.code.startsWith('ERR_CONTENT_')) return new Set();
      throw error;
    }
  };
  const isChunkFor = async (peer: string, text: string): Promise<boolean> => {
    for (const [root] of [...(rootsOf.get(peer)?.entries() ?? [])].reverse()) {
      if ((await chunks(root)).has(text) && (await isParty(peer, root))) return true;
    }
    return false;
  };
  const tradesBy = async <T>(
    start: string,
    kind: 'sold' | 'bought' | 'erased',
    read: (bytes: Uint8Array) => T,
  ): Promise<readonly (readonly [tradeId: Uint8Array, value: T])[]> => {
    const prefix = recordKey[kind](new Uint8Array(0));
    const found = await secrets.range(`${prefix}${start}`, { limit: 8 });
    return found.map(([name, bytes]) => [hexToBytes(name.slice(prefix.length)), read(bytes)]);
  };
  const soldManifest = (bytes: Uint8Array): CID | undefined => decodeSold(bytes).delivery?.manifest;
  const boughtManifest = (bytes: Uint8Array): CID | undefined => decodeBought(bytes).delivery.manifest;

  return {
    async mayRead(peer, cid, { signal } = {}) {
      throwIfAborted(signal);
      if (!isSupportedCid(cid)) return false;
      const hex = publicKeyToHex(peer);
      const text = cid.toString();
      for (const attempt of ['known', 'scanned'] as const) {
        throwIfAborted(signal);
        if (attempt === 'scanned') await rescan(hex);
        if (cid.code !== CODEC_DAG_CBOR) {
          if (await isChunkFor(hex, text)) return true;
        } else if (await isParty(hex, text)) {
          remember(hex, text);
          return true;
        }
      }
      return false;
    },
    capability: (tradeId) => capabilityOf(crypto, key, tradeId),
    async scopeOf(capability, { signal } = {}) {
      throwIfAborted(signal);
      const start = tradeOfCapability(capability);
      if (start === undefined) return { kind: 'unknown' };
      const isMeant = (tradeId: Uint8Array): boolean =>
        sameText(capabilityOf(crypto, key, tradeId), capability);
      for (const [tradeId] of await tradesBy(start, 'erased', () => undefined)) {
        if (isMeant(tradeId)) return { kind: 'erased' };
      }
      const trades = [
        ...(await tradesBy(start, 'sold', soldManifest)),
        ...(await tradesBy(start, 'bought', boughtManifest)),
      ];
      const manifest = trades.find(([tradeId, root]) => root !== undefined && isMeant(tradeId))?.[1];
      if (manifest === undefined) return { kind: 'unknown' };
      const below = await chunks(manifest.toString());
      return {
        kind: 'trade',
        manifest,
        may: (cid) => cid.equals(manifest) || below.has(cid.toString()),
      };
    },
    async manifestOf(tradeId, { signal } = {}) {
      throwIfAborted(signal);
      const sold = await secrets.get(recordKey.sold(tradeId));
      if (sold !== undefined) return soldManifest(sold);
      const held = await secrets.get(recordKey.bought(tradeId));
      return held === undefined ? undefined : boughtManifest(held);
    },
  };
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

async function eachEntry(
  store: KeyValueStore,
  prefix: string,
  read: (name: string, bytes: Uint8Array) => void,
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page = await store.range(prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const [name, bytes] of page) read(name, bytes);
    after = page.at(-1)?.[0];
    if (page.length < PAGE) return;
  }
}
