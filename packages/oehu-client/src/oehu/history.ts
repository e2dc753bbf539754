import type { Crypto } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import { verifyChain } from './chain.ts';
import type { OehuClient, OehuHistory, OehuHistoryOptions } from './client.ts';
import type { OehuEntry } from './issues.ts';
import { type OehuRecord, recordTime } from './records.ts';
import type { Verification, VerifyOptions } from './verify.ts';

/** What {@link readHistory} needs besides the client. */
export interface HistorySettings {
  readonly crypto: Crypto;
  readonly pinnedKeys?: Readonly<Record<string, string>> | undefined;
  readonly sha3?: VerifyOptions['sha3'];
  readonly maxRows: number;
}

/**
 * OEHU cannot be asked for a period: only for the newest n rows. Asks for few, estimates the rate,
 * and grows n until `from` or the first reading is reached.
 */
export async function readHistory(
  client: OehuClient,
  device: string,
  options: OehuHistoryOptions,
  settings: HistorySettings,
): Promise<OehuHistory> {
  const { from, to, signal } = options;
  if (!(from < to)) throw new MeterError('ERR_METER_RANGE', 'Expected from < to, both ms since the epoch');
  const asset = await client.resolve(device, options);
  const total = await client.count(asset.deviceId, options);
  let limit = 16;
  let rows: readonly OehuEntry<OehuRecord>[] = [];
  let complete = false;
  for (;;) {
    rows = await client.transactions(
      { device: asset.deviceId, limit: Math.min(limit, settings.maxRows) },
      { signal },
    );
    const times = rows.flatMap((row) => {
      const at = row.ok ? recordTime(row.value) : null;
      return at === null ? [] : [at];
    });
    const oldest = times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const newest = times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    complete = oldest < from || rows.length < limit || rows.length + 1 >= total;
    if (complete || limit >= settings.maxRows) break;
    const rate = times.length > 1 ? (newest - oldest) / (times.length - 1) : 0;
    const estimate = rate > 0 ? Math.ceil(((newest - from) / rate) * 1.05) + 8 : 0;
    limit = Math.min(settings.maxRows, Math.max(limit * 2, Math.min(estimate, limit * 256)));
  }

  const byId = new Map<string, { record: OehuRecord; at: number }>();
  for (const row of rows) {
    const at = row.ok ? recordTime(row.value) : null;
    if (row.ok && at !== null) byId.set(row.value.id, { record: row.value, at });
  }
  const ascending = [...byId.values()].sort((a, b) => a.at - b.at);
  const first = Math.max(
    0,
    ascending.findLastIndex(({ at }) => at < from),
  );
  const after = ascending.findIndex(({ at }) => at >= to);
  const wanted = ascending.slice(first, after < 0 ? undefined : after + 1).map(({ record }) => record);
  const pinnedKey = settings.pinnedKeys?.[asset.deviceId] ?? settings.pinnedKeys?.[asset.assetId];
  const verification = await verifyChain(
    wanted.map((record) => record.transaction),
    {
      crypto: settings.crypto,
      pinnedKey,
      sha3: settings.sha3,
      create: await client.create(asset.assetId, options),
      signal,
    },
  );
  return {
    records: wanted.map((record, i) => ({ record, verification: present(verification.transactions[i]) })),
    verification,
    malformed: rows.filter((row) => !row.ok),
    complete,
  };
}

function present(verification: Verification | undefined): Verification {
  return verification ?? { level: 'unsigned', reasons: [], id: '', signer: null, holder: null, spends: null };
}
