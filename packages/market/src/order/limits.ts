/** How much of other traders' orders a node keeps (DESIGN §4.2). */
export interface OrderLimits {
  /** Open orders of one trader. Default 1 000. */
  readonly perTrader: number;
  /** Open orders in all. Default 100 000. */
  readonly total: number;
  /** Bytes of open orders' blocks in all. Default 256 MiB. */
  readonly bytes: number;
  /** Holds remembered, for orders that come after them and for returns. Default 65 536, some 40 MiB. */
  readonly holds: number;
}

/** Defaults of {@link OrderLimits}. */
export const DEFAULT_ORDER_LIMITS: OrderLimits = {
  perTrader: 1_000,
  total: 100_000,
  bytes: 256 * 1024 * 1024,
  holds: 65_536,
};

/** Largest block in any market message, bytes: a half block of 64 KiB and its signature. */
export const MAX_BLOCK_BYTES: number = 66 * 1024;
