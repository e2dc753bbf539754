import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { writePrivate } from '../compose/data-folder.ts';
import { NodeError } from '../compose/errors.ts';
import { type MeterSettings, meterSettings } from './settings.ts';

/** Most meters of one node: a household has a few, and each live one holds a connection. */
export const MAX_METERS = 32;

const registryFile = z.strictObject({
  version: z.literal(1),
  meters: z.array(meterSettings).max(MAX_METERS),
});

/** The mounted meters of a node, in a file that only its owner may read: it holds tokens. */
export interface MeterRegistry {
  all(): readonly MeterSettings[];
  /** Throws `ERR_NODE_CONFLICT` for a name in use and one meter too many. */
  add(settings: MeterSettings): void;
  /** Whether there was one of that name. */
  remove(name: string): boolean;
}

/** Opens the registry in `path`, which need not exist. Throws `ERR_NODE_DATA` when it cannot be read. */
export function openMeterRegistry(path: string): MeterRegistry {
  let meters = readRegistry(path);
  const write = (next: readonly MeterSettings[]): void => {
    writePrivate(path, `${JSON.stringify({ version: 1, meters: next }, null, 2)}\n`);
    meters = next;
  };
  return {
    all: () => meters,
    add(settings) {
      if (meters.some(({ name }) => name === settings.name))
        throw new NodeError(
          'ERR_NODE_CONFLICT',
          `There is a meter named ${settings.name}; choose another name`,
        );
      if (meters.length >= MAX_METERS)
        throw new NodeError(
          'ERR_NODE_CONFLICT',
          `A node mounts at most ${MAX_METERS} meters; remove one first`,
        );
      write([...meters, settings]);
    },
    remove(name) {
      const next = meters.filter((one) => one.name !== name);
      if (next.length === meters.length) return false;
      write(next);
      return true;
    },
  };
}

function readRegistry(path: string): readonly MeterSettings[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new NodeError('ERR_NODE_DATA', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    return registryFile.parse(JSON.parse(text)).meters;
  } catch (cause) {
    // The text of the failure may repeat a token.
    throw new NodeError(
      'ERR_NODE_DATA',
      `${path} is not a list of meters; repair it, or remove it and add the meters again`,
      {
        cause,
      },
    );
  }
}
