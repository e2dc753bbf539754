import type { AbortOptions } from '@edmp/interface';

/** What a node says about itself. */
export interface NodeInfo {
  readonly name: string;
  readonly version: string;
  /** Own public key, hex. */
  readonly key: string;
  /** Addresses that other nodes can dial. */
  readonly addresses: readonly string[];
  readonly peers: readonly string[];
  readonly matchmaker: boolean;
  /** Statement keys, hex, under which the node serves as notary and witness; none when it does not. */
  readonly witnessKeys: readonly string[];
  /** Where meter readings come from; null = no meter source configured. */
  readonly meterSource: string | null;
  /** The node's clock when it answered, ms since the epoch. What it shows is judged by this, not by a reader's clock. */
  readonly now: number;
}

/** Choice of blocks for the ledger explorer. */
export interface BlockQuery {
  /** Public key of one chain's author, hex. */
  readonly author?: string;
  /** Only blocks with a greater sequence number (with `author`), or that arrived after this many others. */
  readonly after?: number;
  readonly limit: number;
}

/** A block for the ledger explorer. */
export interface ChainBlockView {
  readonly id: string;
  readonly author: string;
  readonly seq: number;
  readonly prev: string | null;
  readonly peer: string | null;
  readonly link: string | null;
  readonly type: string;
  readonly time: number;
  readonly level: string;
  readonly bytes: number;
}

/** The node itself and the blocks that it holds. */
export interface LedgerService {
  info(options?: AbortOptions): Promise<NodeInfo>;
  blocks(query: BlockQuery, options?: AbortOptions): Promise<readonly ChainBlockView[]>;
  /** One block by its id. */
  block(id: string, options?: AbortOptions): Promise<ChainBlockView>;
}
