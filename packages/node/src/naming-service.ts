import type { AbortOptions } from '@edmp/interface';

/** A name that the owner gave to a key. */
export interface KeyNameView {
  /** Public key, hex. */
  readonly key: string;
  readonly name: string;
}

/** Names for keys, kept in the node's own records: no other node ever sees them. */
export interface Naming {
  /** Every name that was given. */
  names(options?: AbortOptions): Promise<readonly KeyNameView[]>;
  /**
   * Gives a key a name of 1 to 48 characters, or takes it away with `''`. Throws `ERR_NODE_CONFIG` for what is no key or
   * no name, `ERR_NODE_CONFLICT` at 1 000 names.
   */
  nameKey(key: string, name: string, options?: AbortOptions): Promise<readonly KeyNameView[]>;
}
