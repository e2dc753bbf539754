/** What lives around a market in the same world, and has its own part of every history. */
export interface Surroundings {
  /** Called once, when the market's nodes are up. */
  start(): Promise<void>;
  /** Called before each operation of the market. */
  step(): void;
  /** Called when the market's nodes were healed: ends its faults and lets everything come to rest. */
  heal(): Promise<void>;
  /** Adds what must not be to the findings. */
  check(): Promise<void>;
}
