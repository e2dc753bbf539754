import { type Crypto, isEdmpError } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import { atLeast } from '../series/attestation.ts';
import { verifyTransactionChain } from './chain.ts';
import type { OehuClient, OehuHistory, OehuHistoryOptions } from './contract.ts';
import type { OehuEntry, OehuIssue } from './issues.ts';
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
    try {
      rows = await client.transactions(
        { device: asset.deviceId, limit: Math.min(limit, settings.maxRows) },
        { signal },
      );
    } catch (error) {
      // The answer outgrew what may be taken: what the smaller one held is told, as incomplete.
      if (rows.length > 0 && isEdmpError(error, 'ERR_METER_LIMIT')) break;
      throw error;
    }
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

  const { known, refused } = distinct(rows, asset.assetId);
  const ascending = known.sort((a, b) => a.at - b.at);
  const first = Math.max(
    0,
    ascending.findLastIndex(({ at }) => at < from),
  );
  const after = ascending.findIndex(({ at }) => at >= to);
  const wanted = ascending.slice(first, after < 0 ? undefined : after + 1).map(({ record }) => record);
  const pinnedKey = settings.pinnedKeys?.[asset.deviceId] ?? settings.pinnedKeys?.[asset.assetId];
  const verification = await verifyTransactionChain(
    wanted.map((record) => record.transaction),
    {
      crypto: settings.crypto,
      pinnedKey,
      sha3: settings.sha3,
      create: await client.create(asset.assetId, options),
      signal,
    },
  );
  const best = bestLevels(wanted, verification.transactions);
  const records: { record: OehuRecord; verification: Verification }[] = [];
  const kept: Verification[] = [];
  for (const [i, record] of wanted.entries()) {
    const one = verification.transactions[i];
    if (one === undefined) continue;
    // Of two contents under one id the verified one is the reading; the other was altered on the way.
    if (best.get(record.id) !== one.level && !atLeast(one.level, 'signed')) {
      refused.push({ ok: false, index: -1, issues: [issue(`id ${record.id.slice(0, 8)}…`, 'altered-copy')] });
      continue;
    }
    records.push({ record, verification: one });
    kept.push(one);
  }
  return {
    records,
    verification: { ...verification, transactions: kept, level: lowest(kept) },
    malformed: [...rows.filter((row) => !row.ok), ...refused],
    complete,
  };
}

/** Readable rows of this very device, each content once; rows of another device are refused. */
function distinct(
  rows: readonly OehuEntry<OehuRecord>[],
  assetId: string,
): { known: { record: OehuRecord; at: number }[]; refused: OehuEntry<OehuRecord>[] } {
  const known: { record: OehuRecord; at: number }[] = [];
  const refused: OehuEntry<OehuRecord>[] = [];
  const byId = new Map<string, string[]>();
  for (const row of rows) {
    if (!row.ok) continue;
    const record = row.value;
    const at = recordTime(record);
    if (record.assetId !== assetId) {
      refused.push({
        ok: false,
        index: row.index,
        issues: [issue(`[${row.index}].asset.id`, 'other-device')],
      });
      continue;
    }
    if (at === null) continue;
    const content = JSON.stringify(record.transaction);
    const contents = byId.get(record.id);
    if (contents === undefined) byId.set(record.id, [content]);
    else if (contents.includes(content)) continue;
    else contents.push(content);
    known.push({ record, at });
  }
  return { known, refused };
}

function bestLevels(
  records: readonly OehuRecord[],
  verifications: readonly Verification[],
): Map<string, Verification['level']> {
  const best = new Map<string, Verification['level']>();
  for (const [i, record] of records.entries()) {
    const level = verifications[i]?.level ?? 'unsigned';
    const known = best.get(record.id);
    if (known === undefined || atLeast(level, known)) best.set(record.id, level);
  }
  return best;
}

function lowest(verifications: readonly Verification[]): Verification['level'] {
  let level: Verification['level'] | undefined;
  for (const one of verifications) if (level === undefined || atLeast(level, one.level)) level = one.level;
  return level ?? 'unsigned';
}

function issue(path: string, code: 'altered-copy' | 'other-device'): OehuIssue {
  const expected = code === 'altered-copy' ? 'one content under one id' : 'the asset that was asked for';
  return { path, code, expected, received: 'another' };
}
