import { createHash } from 'node:crypto';
import type { EmulatedDevice, EmulatedRow } from './device.ts';
import { type EmulatedFault, isSignatureFault } from './faults.ts';
import { faultyRows } from './signature-faults.ts';

/** An answer before transport faults and headers. */
export interface EmulatedReply {
  readonly status: number;
  /** JSON body, or plain text when it is a string. */
  readonly body: unknown;
  /** Database rows that the real server would have read one after the other for it. */
  readonly rows: number;
}

/** What the routes work on. */
export interface EmulatedState {
  readonly devices: readonly EmulatedDevice[];
  /** The emulated clock. */
  now(): number;
  /** Faults in force. */
  faults(): readonly EmulatedFault[];
  /** Random number in [0, 1) for faults. */
  chance(): number;
  /** Accounts by e-mail. */
  readonly accounts: Map<string, { readonly password: string; readonly devices: readonly string[] }>;
}

interface Rule {
  readonly type: 'string' | 'number' | 'boolean' | 'date';
  readonly required?: boolean;
  readonly valid?: readonly string[];
}

const DAY = 86_400_000;
const DATA: Readonly<Record<string, Rule>> = {
  deviceId: { type: 'string' },
  limit: { type: 'number' },
  raw: { type: 'boolean' },
  start: { type: 'date' },
  end: { type: 'date' },
};
const DASHBOARD: Readonly<Record<string, Rule>> = {
  deviceId: { type: 'string' },
  days: { type: 'number' },
  data: { type: 'string', required: true, valid: ['kwh', 'gas', 'kwhDelivered'] },
};
const DEVICE_ONLY: Readonly<Record<string, Rule>> = { deviceId: { type: 'string' } };

const reply = (status: number, body: unknown, rows = 0): EmulatedReply => ({ status, body, rows });

/** The exception text of a JavaScript server that reads a property of nothing. */
const crash = (property: string): EmulatedReply =>
  reply(500, { code: `Cannot read property '${property}' of undefined`, status: 500, context: {} });

/** Express-validation's answer to a query that a route does not know (oehu-api, express-validation 1.0.2). */
function invalid(query: URLSearchParams, rules: Readonly<Record<string, Rule>>): EmulatedReply | undefined {
  const context: unknown[] = [];
  const add = (field: string, message: string, type: string): void => {
    context.push({ field: [field], location: 'query', messages: [`"${field}" ${message}`], types: [type] });
  };
  for (const [field, rule] of Object.entries(rules)) {
    const value = query.get(field);
    if (value === null) {
      if (rule.required === true) add(field, 'is required', 'any.required');
    } else if (rule.type === 'number' && (value === '' || Number.isNaN(Number(value)))) {
      add(field, 'must be a number', 'number.base');
    } else if (rule.type === 'boolean' && !/^(true|false)$/.test(value)) {
      add(field, 'must be a boolean', 'boolean.base');
    } else if (rule.type === 'date' && Number.isNaN(Date.parse(value)) && Number.isNaN(Number(value))) {
      add(field, 'must be a number of milliseconds or valid date string', 'date.base');
    } else if (rule.type === 'string' && value === '') {
      add(field, 'is not allowed to be empty', 'any.empty');
    } else if (rule.valid?.includes(value) === false) {
      add(field, `must be one of [${rule.valid.join(', ')}]`, 'any.allowOnly');
    }
  }
  for (const field of query.keys()) {
    if (!(field in rules)) add(field, 'is not allowed', 'object.allowUnknown');
  }
  return context.length === 0 ? undefined : reply(400, { code: 'validation-error', status: 400, context });
}

/** Rows of a device up to now, newest first. */
function newest(state: EmulatedState, device: EmulatedDevice, limit: number): readonly EmulatedRow[] {
  const count = device.count(state.now());
  const first = limit === 0 ? 0 : Math.max(0, count - limit);
  const rows = [...device.rows(first, count)].reverse();
  const faults = state
    .faults()
    .filter(({ kind, devices }) => isSignatureFault(kind) && devices?.includes(device.index) !== false);
  if (faults.length === 0) return rows;
  const other = state.devices.find((candidate) => candidate !== device)?.create;
  return rows.flatMap((row) => {
    const fault = faults.find(({ rate }) => state.chance() < (rate ?? 0.01));
    return fault !== undefined && isSignatureFault(fault.kind) ? faultyRows(row, fault.kind, other) : [row];
  });
}

/** Devices with a reading, in reverse insertion order; those with only a CREATE do not show. */
function visible(state: EmulatedState, query: URLSearchParams): readonly EmulatedDevice[] {
  const id = query.get('deviceId');
  return [...state.devices]
    .reverse()
    .filter((device) => device.count(state.now()) > 0 && (id === null || device.ormId === id));
}

/** A transaction as MongoDB holds it: without its metadata, which is in another collection. */
function splitRow(row: EmulatedRow): { readonly transaction: object; readonly metadata: object } {
  const { metadata, ...transaction } = row.transaction;
  return {
    transaction: { _id: row.transactionRow, ...transaction },
    metadata: { _id: row.metadataRow, id: row.transaction.id, metadata },
  };
}

function devices(state: EmulatedState, query: URLSearchParams): EmulatedReply {
  const list = visible(state, query).flatMap((device) => {
    const [row] = newest(state, device, 1);
    if (row === undefined) return [];
    const { transaction, metadata } = splitRow(row);
    return [{ deviceId: device.assetId, transaction: [transaction], metadata }];
  });
  return reply(200, list, 2 * list.length);
}

function transactions(state: EmulatedState, query: URLSearchParams): EmulatedReply {
  const limit = Number(query.get('limit') ?? '10');
  if (!Number.isInteger(limit) || limit < 0) return crash('code');
  const raw = query.get('raw') === 'true';
  const list = visible(state, query).flatMap((device) =>
    newest(state, device, limit).map((row) => {
      const { transaction, metadata } = splitRow(row);
      if (raw) return { ...transaction, metadata, deviceId: device.ormId };
      return { deviceId: device.ormId, id: row.transaction.id, metadata: row.transaction.metadata };
    }),
  );
  return reply(200, list, list.length);
}

function count(state: EmulatedState, query: URLSearchParams): EmulatedReply {
  const device = state.devices.find((candidate) => candidate.ormId === query.get('deviceId'));
  return device === undefined ? crash('id') : reply(200, { count: device.count(state.now()) + 1 }, 1);
}

/** What one device moved between two instants, kWh and m³. */
function moved(
  device: EmulatedDevice,
  from: number,
  to: number,
): { use: number; generated: number; gas: number } {
  const a = device.registersAt(from);
  const b = device.registersAt(to);
  return {
    use: (b.import1 + b.import2 - a.import1 - a.import2) / 1000,
    generated: (b.export1 + b.export2 - a.export1 - a.export2) / 1000,
    gas: ((b.gas ?? 0) - (a.gas ?? 0)) / 1000,
  };
}

function statistics(state: EmulatedState, query: URLSearchParams): EmulatedReply {
  const now = state.now();
  const list = visible(state, query);
  const sums = list.map((device) => moved(device, now - DAY, now));
  // 0/0 is NaN there, which JSON writes as null.
  const mean = (key: 'use' | 'generated' | 'gas'): number =>
    sums.reduce((sum, entry) => sum + entry[key], 0) / sums.length;
  const body = {
    devicesConnected: list.length,
    averageUseEnergy: mean('use'),
    averageGeneratedEnergy: mean('generated'),
    averageUseGas: mean('gas'),
  };
  return reply(200, body, list.length * 2);
}

function dashboard(state: EmulatedState, query: URLSearchParams): EmulatedReply {
  const id = query.get('deviceId');
  const device = id === null ? state.devices[0] : state.devices.find((candidate) => candidate.ormId === id);
  if (device === undefined) return crash('id');
  const days = Math.min(366, Math.max(0, Number(query.get('days') ?? '7')));
  const key = { kwh: 'use', gas: 'gas', kwhDelivered: 'generated' } as const;
  const data = key[query.get('data') as keyof typeof key];
  const xAxis: string[] = [];
  const yAxis: number[] = [];
  for (let i = days; i > 0; i--) {
    const from = state.now() - i * DAY;
    xAxis.push(`${label(from)} - ${label(from + DAY)}`);
    yAxis.push(moved(device, from, from + DAY)[data]);
  }
  return reply(200, { xAxis, yAxis }, days * 2);
}

/** `DD-MM HH:mm` in the server's time zone, here UTC: without a year. */
function label(at: number): string {
  const text = new Date(at).toISOString();
  return `${text.slice(8, 10)}-${text.slice(5, 7)} ${text.slice(11, 16)}`;
}

function assets(state: EmulatedState): EmulatedReply {
  const list = state.devices.map((device) => ({
    _id: device.createRow,
    id: device.assetId,
    data: { schema: 'OEHU device', id: device.ormId },
  }));
  return reply(200, list, list.length);
}

/** The transaction endpoint of a BigchainDB node, which OEHU itself never offered. */
function ledger(state: EmulatedState, id: string): EmulatedReply {
  for (const device of state.devices) {
    const transaction = device.find(id);
    if (transaction !== undefined) return reply(200, transaction, 1);
  }
  return reply(404, { message: 'Not found', status: 404 });
}

/** Answers a GET as api.oehu.org did (oehu-api src/data). */
export function answerGet(state: EmulatedState, path: string, query: URLSearchParams): EmulatedReply {
  const checked = (rules: Readonly<Record<string, Rule>>, route: () => EmulatedReply): EmulatedReply =>
    invalid(query, rules) ?? route();
  switch (path) {
    case '/devices':
      return checked(DEVICE_ONLY, () => devices(state, query));
    case '/transactions':
      return checked(DATA, () => transactions(state, query));
    case '/transactionsCount':
      return checked({ deviceId: { type: 'string', required: true } }, () => count(state, query));
    case '/statistics':
      return checked(DATA, () => statistics(state, query));
    case '/statistics/dashboard':
      return checked(DASHBOARD, () => dashboard(state, query));
    case '/data':
      return checked({ deviceId: { type: 'string' }, raw: { type: 'boolean' } }, () => assets(state));
    case '/_':
      return reply(200, { service: 'oehu-api', version: '1.0.0', env: 'emulator' });
    case '/_ping':
      return reply(200, 'OK');
    default:
      if (path.startsWith('/api/v1/transactions/')) return ledger(state, path.slice(21));
      return reply(404, { code: 'not-found', status: 404, context: {} });
  }
}

/** Answers a POST to the account routes (oehu-api src/account). */
export function answerPost(state: EmulatedState, path: string, body: unknown): EmulatedReply {
  const field = (name: string): string | undefined => {
    const value =
      typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const email = field('email');
  const password = field('password');
  if (path !== '/account/register' && path !== '/account/login') {
    return reply(404, { code: 'not-found', status: 404, context: {} });
  }
  if (email === undefined || password === undefined) {
    const missing = email === undefined ? 'email' : 'password';
    const context = [
      { field: [missing], location: 'body', messages: [`"${missing}" is required`], types: ['any.required'] },
    ];
    return reply(400, { code: 'validation-error', status: 400, context });
  }
  const digest = createHash('sha256').update(password).digest('hex');
  const account = state.accounts.get(email);
  if (path === '/account/register') {
    if (account !== undefined) return reply(403, { message: 'Account already exists' });
    const device = field('deviceId');
    state.accounts.set(email, { password: digest, devices: device === undefined ? [] : [device] });
    return reply(200, { message: 'Registered' });
  }
  // The real server answers an unknown e-mail with 200 and a wrong password with 401, both with this body.
  if (account === undefined) return reply(200, { message: 'Invalid' });
  if (account.password !== digest) return reply(401, { message: 'Invalid' });
  return reply(200, { email, devices: account.devices });
}
