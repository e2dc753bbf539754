import type { AbortOptions } from '@edmp/interface';

/** Something that this node gives to everybody. */
export interface PublishedView {
  /** `chain`, or the asset whose public document it is. */
  readonly name: string;
  /** CID under which it is read. */
  readonly root: string;
  /** Blocks of which it consists. */
  readonly blocks: number;
  /** When it was published, ms since the epoch. */
  readonly at: number;
}

/** What everybody may read over IPFS. */
export interface PublishingService {
  /** What everybody may read of this node over IPFS. */
  published(options?: AbortOptions): Promise<readonly PublishedView[]>;
  /** Gives everybody this node's chain as it is now, and the public documents of the datasets that it holds. */
  publish(options?: AbortOptions): Promise<readonly PublishedView[]>;
  /** Takes back what was published; copies that others made stay. */
  withdrawPublished(options?: AbortOptions): Promise<void>;
}
