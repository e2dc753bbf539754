import { type Environment, type MeterSource, systemEnvironment } from '@edmp/interface';
import { startOehuEmulator } from '@edmp/oehu-client/emulator';
import { NodeError } from './errors.ts';
import { oehuMeters } from './oehu.ts';

/** Seed and history of the emulator that a node starts for itself. */
const EMULATOR_SEED = 7;
const EMULATOR_DAYS = 3;

/** An opened meter source. */
export interface OpenedMeters {
  readonly source: MeterSource;
  /** Where readings come from, for people. */
  readonly label: string;
  stop(): Promise<void>;
}

/**
 * Opens what `--meters` names: `none`, `emulator` (an OEHU emulator inside this process, on loopback), or the base
 * URL of an OEHU API. Throws `ERR_NODE_CONFIG` for anything else.
 */
export async function openMeters(options: {
  readonly meters: string;
  readonly environment: Environment;
}): Promise<OpenedMeters | undefined> {
  const { meters, environment } = options;
  if (meters === 'none') return undefined;
  if (meters === 'emulator') {
    // The emulated clock runs with the real one, over the last few days, so that yesterday is for sale.
    const system = systemEnvironment();
    const emulator = await startOehuEmulator({
      port: 0,
      seed: EMULATOR_SEED,
      households: 3,
      start: system.now() - EMULATOR_DAYS * 86_400_000,
      days: EMULATOR_DAYS,
      now: system.now,
      environment: system,
    });
    return {
      source: oehuMeters(emulator.url, environment),
      label: `OEHU emulator (invented households) at ${emulator.url}`,
      stop: () => emulator.stop(),
    };
  }
  let url: URL;
  try {
    url = new URL(meters);
  } catch (cause) {
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `--meters takes emulator, none, or the URL of an OEHU API, got ${JSON.stringify(meters)}`,
      { cause },
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new NodeError('ERR_NODE_CONFIG', `An OEHU API has an http or https URL, got ${url.protocol}`);
  }
  return {
    source: oehuMeters(url.toString().replace(/\/$/, ''), environment),
    label: `OEHU API at ${url.origin}`,
    stop: async () => {},
  };
}
