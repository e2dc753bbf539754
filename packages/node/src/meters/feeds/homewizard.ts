import { isEdmpError } from '@edmp/interface';
import { MeterError, readMeterFile } from '@edmp/oehu-client';
import { minuteThinner, powerOfHomeWizard } from '@edmp/oehu-client/live';
import type { FeedParts, MeterFeed } from '../feed.ts';
import type { MeterSettings } from '../settings.ts';
import { askHomeWizard, type HomeWizardAnswer } from './homewizard-client.ts';
import { eachRound } from './rounds.ts';

const DEFAULT_SECONDS = 10;

/** A HomeWizard meter on the home's network: API v1 over HTTP, v2 over HTTPS with a token. */
export function homewizard({ settings, environment, zone }: FeedParts): MeterFeed {
  const { address = '', token, fingerprint } = settings;
  const path = isV2(address) ? '/api/measurement' : '/api/v1/data';
  const thinner = minuteThinner();
  const encoder = new TextEncoder();
  return {
    async run(sink, signal) {
      await eachRound(environment, (settings.every ?? DEFAULT_SECONDS) * 1000, signal, async () => {
        const answer = await askHomeWizard({ address, token, fingerprint }, 'GET', path, { signal });
        if (answer.status !== 200) throw refusal(answer);
        const { readings, issues } = readMeterFile(encoder.encode(JSON.stringify(answer.json)), {
          kind: 'homewizard',
          receivedAt: environment.now(),
          zone,
        });
        for (const issue of issues.slice(0, 1)) sink.damaged(`${issue.at}: ${issue.message}`);
        sink.power(powerOfHomeWizard(answer.json as Parameters<typeof powerOfHomeWizard>[0]));
        await sink.readings(thinner.keep(readings));
      });
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
    throw refusal(answer);
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

function refusal({ status }: HomeWizardAnswer): MeterError {
  const why =
    status === 401
      ? 'it does not know the token any more; remove the meter here and add it again'
      : status === 403
        ? 'its local API is switched off; switch it on in the HomeWizard Energy app (settings, meters, local API)'
        : `it answered with status ${status}`;
  return new MeterError('ERR_METER_HTTP', `The HomeWizard meter refuses: ${why}`, {
    details: { status },
    retryable: status >= 500,
  });
}
