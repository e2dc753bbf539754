import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { sodiumCrypto } from '../packages/interface/src/crypto/sodium.ts';
import {
  type KeyValueStore,
  memoryKeyValueStore,
  type PublicKey,
  publicKey,
  systemEnvironment,
  type VerifyItem,
} from '../packages/interface/src/index.ts';
import type { IssuedCurrency } from '../packages/market/src/asset/currency.ts';
import type { Spending } from '../packages/market/src/blocks/spending.ts';
import { decodeNotaryAnswer } from '../packages/market/src/notary/answers.ts';
import { encodeCertificate } from '../packages/market/src/notary/certificate.ts';
import { openDirectory } from '../packages/market/src/notary/directory.ts';
import type { NotaryRequest } from '../packages/market/src/notary/messages.ts';
import { encodeNotaryRequest } from '../packages/market/src/notary/messages.ts';
import { type Notary, openNotary } from '../packages/market/src/notary/notary.ts';
import { spendStatement } from '../packages/market/src/notary/spend-service.ts';
import { signStatement } from '../packages/market/src/notary/statement.ts';
import { openStatementKeys } from '../packages/market/src/notary/statement-keys.ts';
import { author, crypto as signing } from '../packages/market/test/support/money.ts';
import { currencyOf } from '../packages/market/test/support/notary-world.ts';
import { verifyItem } from '../packages/trustchain/src/block.ts';
import { simulatedNetworks } from '../packages/trustchain/src/simulated.ts';
import { sqliteKeyValueStore } from '../packages/trustchain/src/sqlite.ts';
import { against, type Report } from './harness.ts';

const AUTHORS = 100;
const PAYMENTS = 20;
/** Requests under way at once: a notary serves many wallets. */
const OUTSTANDING = 128;
const FRAME = 256;
const crypto = process.env.EDMP_BENCH_CRYPTO === 'sodium' ? await sodiumCrypto() : nodeCrypto();
const environment = systemEnvironment();
const peer: PublicKey = publicKey(new Uint8Array(32).fill(1));
const unlimited = { burst: 1e12, perSecond: 1e12 };

/** A store with the notary's key, so that every run signs with the same one. */
async function seeded(
  store: KeyValueStore,
  secret: readonly (readonly [string, Uint8Array])[],
): Promise<KeyValueStore> {
  await store.setMany(secret);
  return store;
}

async function open(store: KeyValueStore): Promise<Notary> {
  const network = simulatedNetworks({ environment }).create();
  return openNotary({
    store,
    crypto,
    environment,
    network,
    directory: openDirectory({ network, crypto, environment }),
    judge: () => ({ guilty: false, kind: 'none', reason: 'nothing is judged here' }),
    limits: { peer: unlimited, author: unlimited, strangers: unlimited, concurrent: 1_000_000 },
  });
}

interface Work {
  readonly secret: readonly (readonly [string, Uint8Array])[];
  readonly currency: IssuedCurrency;
  /** The issuer's payments and the authors' claims of them: done before the clock starts. */
  readonly before: readonly Uint8Array[];
  /** One block each, the accounts in turn. */
  readonly requests: readonly Uint8Array[];
  readonly items: readonly VerifyItem[];
}

function request(
  key: PublicKey,
  block: Spending,
  more: Partial<Extract<NotaryRequest, { kind: 'spend' }>> = {},
) {
  return encodeNotaryRequest({
    kind: 'spend',
    key,
    currency: null,
    want: block.id,
    blocks: [block.block.bytes],
    certificates: [],
    incomes: [],
    ...more,
  });
}

async function prepare(): Promise<Work> {
  const made = memoryKeyValueStore();
  const keys = await openStatementKeys({ store: made, crypto, environment });
  const [key] = keys.keys();
  const signer = key === undefined ? undefined : keys.signer(key);
  if (key === undefined || signer === undefined) throw new Error('a store makes a key');
  const issuer = author('bench issuer');
  const currency = await currencyOf(issuer, [key]);
  const before: Uint8Array[] = [];
  const runs: Spending[][] = [];
  for (let i = 0; i < AUTHORS; i++) {
    const owner = author(`bench owner ${i}`);
    const grant = await issuer.transfer(currency, owner.key, 1_000n);
    const statement = spendStatement(currency.block.id, grant.id);
    const shares = [{ index: 0, signature: await signStatement(statement, signer, signing) }];
    const claim = await owner.claim(currency, [{ id: grant.id, amount: 1_000n, certificate: null }]);
    before.push(
      request(key, grant, { currency: currency.block.bytes }),
      request(key, claim, {
        certificates: [encodeCertificate({ ...statement, shares })],
        incomes: [grant.block.bytes],
      }),
    );
    const run: Spending[] = [];
    for (let n = 0; n < PAYMENTS; n++) run.push(await owner.transfer(currency, issuer.key, 1n));
    runs.push(run);
  }
  const blocks = Array.from({ length: PAYMENTS }, (_, n) => runs.flatMap((run) => run[n] ?? [])).flat();
  return {
    secret: await made.entries(''),
    currency,
    before,
    requests: blocks.map((block) => request(key, block)),
    items: blocks.map(({ block }) => verifyItem(block)),
  };
}

async function ask(notary: Notary, body: Uint8Array): Promise<void> {
  const answer = decodeNotaryAnswer(await notary.answer(body, peer));
  if (answer.kind !== 'share') throw new Error(`expected a share, got ${JSON.stringify(answer)}`);
}

/** All requests, so many at once. */
async function certify(notary: Notary, requests: readonly Uint8Array[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let body = requests[next++]; body !== undefined; body = requests[next++]) await ask(notary, body);
  };
  await Promise.all(Array.from({ length: OUTSTANDING }, worker));
}

async function verifyAll(items: readonly VerifyItem[]): Promise<void> {
  for (let i = 0; i < items.length; i += FRAME) await crypto.ed25519VerifyMany(items.slice(i, i + FRAME));
}

/** Processor time of all threads that `task` takes, ms: what a busy machine does not change. */
async function cpuMs(task: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** A lone notary that certifies one block a request, durably, against the bare verification of as many signatures. */
export async function notaryCertify(report: Report): Promise<void> {
  const work = await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'edmp-bench-notary-'));
  const kinds: Readonly<Record<string, (i: number) => KeyValueStore>> = {
    'notary-certify-memory': () => memoryKeyValueStore(),
    'notary-certify': (i) => sqliteKeyValueStore({ path: join(folder, `notary-${i}.db`) }),
  };
  try {
    for (const [metric, storeOf] of Object.entries(kinds)) {
      const ready: { readonly notary: Notary; readonly store: KeyValueStore }[] = [];
      for (let i = 0; i < 3; i++) {
        const store = await seeded(storeOf(i), work.secret);
        const notary = await open(store);
        for (const body of work.before) await ask(notary, body);
        ready.push({ notary, store });
      }
      let run = 0;
      const cpu = { certify: 0, verify: 0, runs: 0 };
      const rates = await against(
        work.requests.length,
        async () => {
          const one = ready[run++];
          cpu.runs++;
          if (one !== undefined) cpu.certify += await cpuMs(() => certify(one.notary, work.requests));
        },
        async () => {
          cpu.verify += await cpuMs(() => verifyAll(work.items));
        },
      );
      report({ metric, unit: '1/s', ...rates });
      const [each, floor] = [cpu.certify / cpu.runs, cpu.verify / cpu.runs];
      report({
        metric: `${metric}-cpu`,
        unit: 'us',
        value: (each * 1_000) / work.requests.length,
        floor: (floor * 1_000) / work.requests.length,
        // Lower is better; the ratio is that of the rates, as above.
        ratio: floor / each,
      });
      for (const { notary, store } of ready) {
        await notary.stop();
        await store.close();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
