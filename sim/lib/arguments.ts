import { parseArgs } from 'node:util';

/** What every scenario takes from the command line. */
export interface SimulationOptions {
  /** Seed of the first history; the next ones follow it. */
  readonly seed: number;
  readonly histories: number;
  /** No history begins after so many seconds of real time; 0 = no limit. */
  readonly seconds: number;
  /** Kinds of faults; undefined = all. */
  readonly only: ReadonlySet<string> | undefined;
  /** Processes that share the seeds. */
  readonly jobs: number;
  /** Seed of the one history whose trace is printed. */
  readonly trace: number | undefined;
  /** Run the seeds that once showed a bug, too. */
  readonly known: boolean;
  /** Take the faults of one seed's history away one by one, as long as it still fails. */
  readonly shrink: number | undefined;
  /** Try whether planted bugs are found. */
  readonly planted: boolean;
  /** Put what was found into the page that shows it. */
  readonly write: boolean;
  /** Print one line of JSON at the end. */
  readonly json: boolean;
  /** A worker of another process: prints one line of JSON a history. */
  readonly worker: boolean;
  /** Nodes of the town; undefined = what the scenario has by default. */
  readonly nodes: number | undefined;
  /** Leaves of a star. */
  readonly leaves: number;
  /** Simulated hours of a long life. */
  readonly hours: number;
  /** Faults after which no further history begins; undefined = what the scenario has by default. */
  readonly faults: number | undefined;
  /** Real nodes on loopback instead of simulated ones. */
  readonly real: boolean;
  /** File of a role that all members of its parties play, besides the liars that are drawn. */
  readonly role: string | undefined;
  /** Data is really sealed, delivered and opened; else pretended. */
  readonly sealed: boolean;
}

/** Most histories of one run: a day of them. */
const MAX_HISTORIES = 10_000_000;
const MAX_JOBS = 64;
/** Nodes of a town: some have to meet. */
const MIN_NODES = 4;
const MAX_NODES = 10_000;
/** A year. */
const MAX_HOURS = 366 * 24;

/** Reads the words after a scenario's name. Throws for unknown options, numbers that are none and unknown faults. */
export function parseArguments(words: readonly string[], faults: readonly string[]): SimulationOptions {
  const { values } = parseArgs({
    args: [...words].filter((word) => word !== '--'),
    options: {
      seed: { type: 'string', default: '1' },
      histories: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '0' },
      only: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      trace: { type: 'string' },
      known: { type: 'boolean', default: false },
      shrink: { type: 'string' },
      planted: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
      nodes: { type: 'string' },
      leaves: { type: 'string', default: '100' },
      hours: { type: 'string', default: '72' },
      faults: { type: 'string' },
      real: { type: 'boolean', default: false },
      sealed: { type: 'boolean', default: false },
      role: { type: 'string' },
    },
  });
  const only = values.only?.split(',').filter((word) => word !== 'none');
  const unknown = only?.find((word) => !faults.includes(word));
  if (unknown !== undefined) {
    throw new Error(`--only takes ${faults.join(', ')} or none, got ${JSON.stringify(unknown)}`);
  }
  return {
    seed: whole('seed', values.seed, Number.MAX_SAFE_INTEGER),
    histories: whole('histories', values.histories, MAX_HISTORIES),
    seconds: whole('seconds', values.seconds, 86_400),
    only: only === undefined ? undefined : new Set(only),
    jobs: Math.max(1, whole('jobs', values.jobs, MAX_JOBS)),
    trace: optional('trace', values.trace),
    known: values.known,
    shrink: optional('shrink', values.shrink),
    planted: values.planted,
    write: values.write,
    json: values.json,
    worker: values.worker,
    nodes: optional('nodes', values.nodes, MAX_NODES, MIN_NODES),
    leaves: whole('leaves', values.leaves, MAX_NODES, MIN_NODES),
    hours: whole('hours', values.hours, MAX_HOURS, 1),
    faults: optional('faults', values.faults),
    real: values.real,
    sealed: values.sealed,
    role: values.role,
  };
}

function optional(
  name: string,
  text: string | undefined,
  max = Number.MAX_SAFE_INTEGER,
  min = 0,
): number | undefined {
  return text === undefined ? undefined : whole(name, text, max, min);
}

function whole(name: string, text: string, max: number, min = 0): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value > max || value < min) {
    throw new Error(`--${name} is a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`);
  }
  return value;
}
