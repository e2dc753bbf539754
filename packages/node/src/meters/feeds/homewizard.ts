import { isEdmpError } from '@edmp/interface';
import { MeterError, readMeterFile } from '@edmp/oehu-client';
import { minuteThinner, powerOfHomeWizard } from '@edmp/oehu-client/live';
import type { FeedParts, FeedSink, MeterFeed } from '../feed.ts';
import type { MeterSettings } from '../settings.ts';
import { feedBudget, HOMEWIZARD_LIMITS } from './feed-budget.ts';
import { askHomeWizard, refusalOf } from './homewizard-client.ts';
import { followHomeWizard } from './homewizard-push.ts';
import { eachRound } from './rounds.ts';

const DEFAULT_SECONDS = 10;
/** A meter that does not push is asked, and after so long tried again: its maker may have mended it. */
const PUSH_PAUSE_MS = 600_000;
const TOO_MUCH = 'It tells more minutes than have passed, which are not kept: its clock runs wild';
const TOO_FAST = `It pushes more than ${HOMEWIZARD_LIMITS.messages.perSecond} messages a second; the rest waits in the line`;

/**
 * A HomeWizard meter on the home's network: API v1 over HTTP is asked every ten seconds, v2 over HTTPS with a token pushes
 * what it measures, and is asked where it does not, or where the owner says how often.
 */
export function homewizard({ settings, environment, zone }: FeedParts): MeterFeed {
  const { address = '', token, fingerprint, every } = settings;
  const path = isV2(address) ? '/api/measurement' : '/api/v1/data';
  const thinner = minuteThinner();
  const encoder = new TextEncoder();
  const budget = feedBudget(environment, HOMEWIZARD_LIMITS);
  let pushFrom = isV2(address) && every === undefined ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;

  const take = async (answer: unknown, sink: FeedSink): Promise<void> => {
    const { readings, issues } = readMeterFile(encoder.encode(JSON.stringify(answer ?? null)), {
      kind: 'homewizard',
      receivedAt: environment.now(),
      zone,
    });
    for (const issue of issues.slice(0, 1)) sink.damaged(`${issue.at}: ${issue.message}`);
    sink.power(powerOfHomeWizard(answer as Parameters<typeof powerOfHomeWizard>[0]));
    const kept = thinner.keep(readings);
    const may = kept.length === 0 || budget.mayKeep();
    if (!may) sink.flooded(TOO_MUCH);
    await sink.readings(may ? kept : []);
  };

  /** Follows what the meter pushes; resolves when it does not, though it may answer. Throws once it was heard. */
  const follow = async (sink: FeedSink, signal: AbortSignal): Promise<void> => {
    let isHeard = false;
    try {
      await followHomeWizard(
        { address, token, fingerprint },
        {
          environment,
          budget,
          signal,
          damaged: sink.damaged,
          flooded: () => sink.flooded(TOO_FAST),
          async take(measurement) {
            await take(measurement, sink);
            isHeard = true;
          },
        },
      );
    } catch (error) {
      if (isHeard || signal.aborted || !isEdmpError(error, 'ERR_METER_UNREACHABLE')) throw error;
    }
  };

  return {
    async run(sink, signal) {
      while (!signal.aborted) {
        const isPushed = environment.now() >= pushFrom;
        if (isPushed) await follow(sink, signal);
        let isFirst = isPushed;
        await eachRound(environment, (every ?? DEFAULT_SECONDS) * 1000, signal, async () => {
          if (!isFirst && environment.now() >= pushFrom) return 'enough';
          const answer = await askHomeWizard({ address, token, fingerprint }, 'GET', path, { signal });
          if (answer.status !== 200) throw refusalOf(answer.status);
          await take(answer.json, sink);
          // It answers and does not push.
          if (isFirst) pushFrom = environment.now() + PUSH_PAUSE_MS;
          isFirst = false;
          return undefined;
        });
      }
    },
  };
}

/** Whether an address is that of API v2, which is HTTPS only. */
export const isV2 = (address: string): boolean => address.startsWith('https:');

/**
 * Pairs with a HomeWizard meter of API v2: its button must have been pressed within 30 s. Gives the settings with token and
 * certificate. Throws `ERR_METER_PAIRING` until the button was pressed, and what `askHomeWizard` throws.
 */
export async function pairHomeWizard(settings: MeterSettings, signal?: AbortSignal): Promise<MeterSettings> {
  const { address = '', fingerprint } = settings;
  const answer = await askHomeWizard({ address, fingerprint }, 'POST', '/api/user', {
    body: { name: 'local/edmp' },
    signal,
  });
  if (answer.status === 403)
    throw new MeterError(
      'ERR_METER_PAIRING',
      'Press the button on the meter; it lets a program in for 30 seconds',
      {
        retryable: true,
      },
    );
  const token = (answer.json as { readonly token?: unknown } | null)?.token;
  if (answer.status !== 200 || typeof token !== 'string' || !/^[\x21-\x7e]{1,512}$/.test(token))
    throw refusalOf(answer.status);
  return { ...settings, token, fingerprint: answer.fingerprint };
}

/** Whether a HomeWizard meter of API v1 answers at an address. Throws `ERR_METER_UNREACHABLE`, `ERR_METER_TIMEOUT` when nothing does. */
export async function isHomeWizardV1(address: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const { status, json } = await askHomeWizard({ address }, 'GET', '/api', { signal });
    return status === 200 && typeof json === 'object' && json !== null && 'product_type' in json;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    if (isEdmpError(error, 'ERR_METER_UNREACHABLE') || isEdmpError(error, 'ERR_METER_TIMEOUT')) throw error;
    return false;
  }
}
