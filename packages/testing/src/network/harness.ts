import type { Environment, IncomingRequest, Network } from '@edmp/interface';

/** Who is connected to whom: nobody, each to the next, or everybody to everybody. */
export type NetworkTopology = 'none' | 'line' | 'mesh';

/** Networks made for one test. */
export interface NetworkHarness {
  /** Started networks with different keys, connected as asked. */
  readonly networks: readonly Network[];
  /** The clock that the networks live by. */
  readonly environment: Environment;
  /** Waits for the test's body. Give the virtual clock's `run` here; the default just awaits. */
  drive?<T>(body: Promise<T>): Promise<T>;
  /** Stops every network that still runs and frees what the harness holds. */
  close(): Promise<void>;
}

/** Options of `networkSuite`. */
export interface NetworkSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  /** Makes `count` started networks on loss-free links. */
  create(count: number, topology: NetworkTopology): Promise<NetworkHarness>;
}

/** Runs `body` over fresh networks and closes them, whatever happens. */
export async function withNetworks(
  options: NetworkSuiteOptions,
  count: number,
  topology: NetworkTopology,
  body: (networks: readonly Network[], environment: Environment) => Promise<void>,
): Promise<void> {
  const harness = await options.create(count, topology);
  const drive = <T>(promise: Promise<T>): Promise<T> => harness.drive?.(promise) ?? promise;
  try {
    await drive(body(harness.networks, harness.environment));
  } finally {
    await drive(harness.close());
  }
}

/** A handler that answers only by failing once its request is over, and records that it saw the end. */
export function silentHandler(): {
  readonly handler: (request: IncomingRequest) => Promise<Uint8Array>;
  readonly started: () => number;
  readonly ended: () => number;
} {
  let started = 0;
  let ended = 0;
  return {
    started: () => started,
    ended: () => ended,
    handler: ({ signal }) => {
      started++;
      return new Promise((_, reject) => {
        const end = (): void => {
          ended++;
          reject(signal.reason);
        };
        if (signal.aborted) end();
        else signal.addEventListener('abort', end, { once: true });
      });
    },
  };
}
