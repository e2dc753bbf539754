/**
 * Writes the golden vectors of money blocks, statements, certificates, proofs against notaries and one small ledger to
 * `vectors/market-*.json`; `--check` compares instead.
 *
 *     node --conditions=edmp-source scripts/make-vectors-market.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import {
  type BlockId,
  bytesToHex,
  type HalfBlock,
  type PublicKey,
  type Signer,
  seededRandom,
  softwareSigner,
  type TxValue,
} from '../packages/interface/src/index.ts';
import {
  CURRENCY_TYPE,
  type Currency,
  currencyOfBlock,
  currencyToTx,
  DUM1,
} from '../packages/market/src/asset/currency.ts';
import { currencyRegister } from '../packages/market/src/asset/currency-register.ts';
import { price } from '../packages/market/src/asset/price.ts';
import { type Claim, type Money, moneyToTx } from '../packages/market/src/blocks/money.ts';
import { lockKey, receiptToTx, releaseToTx } from '../packages/market/src/blocks/release.ts';
import { claimToTx, holdToTx, spendingOf, transferToTx } from '../packages/market/src/blocks/spending.ts';
import { encodeTerms } from '../packages/market/src/blocks/terms.ts';
import { tradeProposalToTx } from '../packages/market/src/blocks/trade.ts';
import { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from '../packages/market/src/blocks/types.ts';
import { marketRules } from '../packages/market/src/desk/market-rules.ts';
import { createLedger } from '../packages/market/src/ledger/create-ledger.ts';
import { type Certificate, encodeCertificate } from '../packages/market/src/notary/certificate.ts';
import { encodeNotaryProof, notaryProofOf } from '../packages/market/src/notary/notary-proof.ts';
import {
  type Statement,
  type StatementKind,
  signStatement,
  statementMessage,
} from '../packages/market/src/notary/statement.ts';
import { signHalfBlock } from '../packages/trustchain/src/block.ts';

const crypto = nodeCrypto();
const hex = bytesToHex;
const START = 1_767_225_600_000;

/** A key with its chain. */
interface Party {
  readonly secretKey: Uint8Array;
  readonly signer: Signer;
  readonly key: PublicKey;
  readonly chain: HalfBlock[];
}

function party(name: string): Party {
  const secretKey = seededRandom(2026).fork(name).bytes(32);
  const signer = softwareSigner({ crypto, secretKey });
  return { secretKey, signer, key: signer.publicKey, chain: [] };
}

/** The next block of a party's chain. */
async function sign(
  { signer, chain }: Party,
  type: string,
  tx: TxValue,
  parts: { readonly peer?: PublicKey; readonly link?: BlockId; readonly time?: number } = {},
): Promise<HalfBlock> {
  const head = chain.at(-1);
  const block = await signHalfBlock(
    {
      v: 1,
      key: signer.publicKey,
      seq: chain.length + 1,
      prev: head?.id ?? null,
      peer: parts.peer ?? null,
      link: parts.link ?? null,
      type,
      tx,
      time: parts.time ?? START + chain.length,
    },
    signer,
    crypto,
  );
  chain.push(block);
  return block;
}

const [alice, bob, issuer] = [party('alice'), party('bob'), party('issuer')];
const notaries = ['north', 'east', 'south', 'west'].map((name) => party(`notary ${name}`));

async function certify(
  kind: StatementKind,
  subject: BlockId,
  currency: BlockId | null,
): Promise<Certificate> {
  const statement: Statement = { kind, currency, subject, extra: kind === 'ack' ? subject : null };
  const shares = await Promise.all(
    notaries.slice(0, 3).map(async ({ signer }, index) => ({
      index,
      signature: await signStatement(statement, signer, crypto),
    })),
  );
  return { ...statement, shares };
}

const currencyBlock = await sign(
  issuer,
  CURRENCY_TYPE,
  currencyToTx({ label: 'SUN', precision: 2, notaries: notaries.map(({ key }) => key) }),
);
const sun = currencyOfBlock(currencyBlock);
const money = (currency: Currency, parts: Partial<Money>): Money => ({
  currency: currency.id,
  n: 1,
  prev: null,
  claims: [],
  pay: 0n,
  to: null,
  balance: 0n,
  ...parts,
});
const claimOf = (block: HalfBlock, amount: bigint, certificate: Uint8Array | null = null): Claim => ({
  id: block.id,
  amount,
  certificate,
});

const opener = seededRandom(2026).fork('opener').bytes(32);
const wrapped = seededRandom(2026).fork('wrapped').bytes(48);

/** A mint, a transfer, a trade that is paid and one that is refunded, in issued money. */
async function issuedHistory(): Promise<{
  blocks: (readonly [string, HalfBlock])[];
  certificates: Certificate[];
}> {
  const mint = await sign(
    issuer,
    TRANSFER_TYPE,
    transferToTx(money(sun, { pay: 500_00n, to: alice.key, balance: -500_00n }), 'for the roof'),
    { peer: alice.key },
  );
  const terms = (nonce: number, amount: bigint) =>
    encodeTerms(
      {
        ask: currencyBlock.id,
        bid: mint.id,
        seller: bob.key,
        buyer: alice.key,
        asset: `EW${currencyBlock.id}`,
        quantity: 1,
        price: price(sun.id, amount),
        amount,
        deadlines: { accept: START + 60_000, release: START + 660_000, complain: START + 4_260_000 },
        suite: 'x-wing',
        recipient: crypto.sha256(Uint8Array.of(nonce)),
        witnesses: null,
        nonce: new Uint8Array(16).fill(nonce),
      },
      crypto,
    );
  const trade = async (nonce: number, amount: bigint) => {
    const encoded = terms(nonce, amount);
    const block = await sign(bob, TRADE_TYPE, tradeProposalToTx(encoded, new Uint8Array(32).fill(nonce)), {
      peer: alice.key,
    });
    return { encoded, block };
  };
  const { release, complain } = terms(1, 1n).terms.deadlines;
  const first = await trade(1, 200_00n);
  const paid = await sign(
    alice,
    TRADE_TYPE,
    holdToTx(money(sun, { claims: [claimOf(mint, 500_00n)], pay: 200_00n, to: bob.key, balance: 300_00n }), {
      release,
      complain,
      witnesses: null,
    }),
    { peer: bob.key, link: first.block.id },
  );
  const released = await sign(
    bob,
    RELEASE_TYPE,
    releaseToTx({ hold: paid.id, suite: 'x-wing', ...lockKey(wrapped, opener, paid.id, crypto) }),
    { peer: alice.key },
  );
  const receipt = await sign(alice, RELEASE_TYPE, receiptToTx(paid.id), { peer: bob.key, link: released.id });
  const second = await trade(2, 100_00n);
  const returned = await sign(
    alice,
    TRADE_TYPE,
    holdToTx(money(sun, { n: 2, prev: paid.id, pay: 100_00n, to: bob.key, balance: 200_00n }), {
      release,
      complain,
      witnesses: null,
    }),
    { peer: bob.key, link: second.block.id },
  );
  const claim = await sign(
    bob,
    CLAIM_TYPE,
    claimToTx(money(sun, { claims: [claimOf(paid, 200_00n)], balance: 200_00n })),
    { peer: bob.key },
  );
  return {
    blocks: [
      ['market/currency', currencyBlock],
      ['transfer: the issuer mints', mint],
      ['trade proposal', first.block],
      ['hold that claims an income', paid],
      ['release with a locked key', released],
      ['receipt', receipt],
      ['second trade proposal', second.block],
      ['second hold', returned],
      ['claim', claim],
    ],
    certificates: [
      await certify('spend', mint.id, currencyBlock.id),
      await certify('spend', returned.id, currencyBlock.id),
      await certify('paid', paid.id, currencyBlock.id),
      await certify('refund', returned.id, currencyBlock.id),
      await certify('spend', claim.id, currencyBlock.id),
    ],
  };
}

const carol = party('carol');

/** A hold in test money that its witnesses give back, with the certificate inside the claim. */
async function testHistory(): Promise<readonly (readonly [string, HalfBlock])[]> {
  const link = currencyBlock.id;
  const witnesses = notaries.map(({ key }) => key);
  const hold = await sign(
    carol,
    TRADE_TYPE,
    holdToTx(money(DUM1, { pay: 10n, to: bob.key, balance: 990n }), {
      release: START + 660_000,
      complain: START + 4_260_000,
      witnesses,
    }),
    { peer: bob.key, link },
  );
  const back = encodeCertificate(await certify('none', hold.id, null));
  const claim = await sign(
    carol,
    CLAIM_TYPE,
    claimToTx(money(DUM1, { n: 2, prev: hold.id, claims: [claimOf(hold, 10n, back)], balance: 1_000n })),
    { peer: carol.key },
  );
  return [
    ['hold in test money with four witnesses', hold],
    ['claim in test money, its certificate inside', claim],
  ];
}

function blockVector(name: string, block: HalfBlock): object {
  const spending = spendingOf(block);
  return {
    name,
    id: block.id.toString(),
    bytes: hex(block.bytes),
    spends:
      spending === undefined
        ? null
        : {
            kind: spending.kind,
            currency: spending.money.currency,
            n: spending.money.n,
            prev: spending.money.prev?.toString() ?? null,
            claims: spending.money.claims.map(({ id, amount, certificate }) => ({
              id: id.toString(),
              amount: amount.toString(),
              certificate: certificate === null ? null : hex(certificate),
            })),
            pay: spending.money.pay.toString(),
            to: spending.money.to === null ? null : hex(spending.money.to),
            balance: spending.money.balance.toString(),
            memo: spending.memo,
          },
  };
}

/** Transactions that no rule accepts, in rightly signed blocks. */
async function refused(): Promise<readonly object[]> {
  const author = party('mallory');
  const good = moneyToTx(money(DUM1, { pay: 1n, to: bob.key, balance: 999n })) as Record<string, TxValue>;
  const transfer = (changes: Record<string, TxValue>): TxValue => ({ v: 1, money: { ...good, ...changes } });
  const cases: readonly (readonly [string, string, TxValue, PublicKey])[] = [
    ['number 0', TRANSFER_TYPE, transfer({ n: 0 }), bob.key],
    ['number 2 without the block before', TRANSFER_TYPE, transfer({ n: 2 }), bob.key],
    ['a payment to oneself', TRANSFER_TYPE, transfer({ to: author.key }), author.key],
    ['a payee for nothing', TRANSFER_TYPE, transfer({ pay: 0 }), bob.key],
    ['test money below zero', TRANSFER_TYPE, transfer({ balance: -1 }), bob.key],
    ['a label for a currency', TRANSFER_TYPE, transfer({ currency: 'SUN' }), bob.key],
    ['a transfer to another than the payee', TRANSFER_TYPE, transfer({}), alice.key],
    ['a claim that pays', CLAIM_TYPE, transfer({}), author.key],
    ['a claim of nothing', CLAIM_TYPE, transfer({ pay: 0, to: null, balance: 1_000 }), author.key],
    [
      'a currency with two notaries',
      CURRENCY_TYPE,
      { v: 1, label: 'SUN', precision: 2, notaries: [alice.key, bob.key] },
      bob.key,
    ],
  ];
  const rules = marketRules(crypto);
  const out: object[] = [];
  for (const [name, type, tx, peer] of cases) {
    const block = await sign({ ...author, chain: [] }, type, tx, { peer });
    const [issue] = rules[type]?.checkProposal?.(block) ?? [];
    if (issue === undefined) throw new Error(`${name} was accepted`);
    out.push({ name, bytes: hex(block.bytes), code: issue.code });
  }
  return out;
}

const issued = await issuedHistory();
const test = await testHistory();

function statementVector(name: string, certificate: Certificate): object {
  const { kind, currency, subject, extra, shares } = certificate;
  return {
    name,
    kind,
    currency: currency?.toString() ?? null,
    subject: subject.toString(),
    extra: extra?.toString() ?? null,
    signed: hex(statementMessage(certificate, crypto)),
    shares: shares.map(({ index, signature }) => ({ index, signature: hex(signature) })),
    certificate: hex(encodeCertificate(certificate)),
  };
}

async function statements(): Promise<object> {
  const subject = currencyBlock.id;
  const vectors: object[] = [];
  for (const kind of ['spend', 'ack', 'none', 'paid', 'refund'] as const) {
    vectors.push(statementVector(`${kind}, issued money`, await certify(kind, subject, currencyBlock.id)));
    if (kind === 'spend') continue;
    vectors.push(statementVector(`${kind}, test money`, await certify(kind, subject, null)));
  }
  return {
    notaries: notaries.map(({ key, secretKey }) => ({ key: hex(key), secretKey: hex(secretKey) })),
    statements: vectors,
    proofs: await notaryProofs(),
  };
}

async function notaryProofs(): Promise<readonly object[]> {
  const [liar] = notaries;
  if (liar === undefined) return [];
  const cheat = party('cheat');
  const spend = async (pay: bigint) => {
    const tx = transferToTx(money(sun, { pay, to: bob.key, balance: 0n }));
    const block = await sign({ ...cheat, chain: [] }, TRANSFER_TYPE, tx, { peer: bob.key });
    return said(
      { kind: 'spend', currency: currencyBlock.id, subject: block.id, extra: null },
      block.coreBytes,
    );
  };
  const said = async (statement: Statement, core: Uint8Array | null = null) => ({
    statement,
    signature: await signStatement(statement, liar.signer, crypto),
    core,
  });
  const about = (kind: StatementKind, currency: BlockId | null): Statement => ({
    kind,
    currency,
    subject: currencyBlock.id,
    extra: kind === 'ack' ? currencyBlock.id : null,
  });
  const pairs = [
    [await spend(1n), await spend(2n)],
    [await said(about('ack', null)), await said(about('none', null))],
    [await said(about('paid', currencyBlock.id)), await said(about('refund', currencyBlock.id))],
  ] as const;
  return pairs.map(([a, b]) => {
    const proof = notaryProofOf(liar.key, a, b, crypto);
    return { kind: proof.kind, key: hex(proof.key), bytes: hex(encodeNotaryProof(proof)) };
  });
}

function ledger(): object {
  const fold = createLedger({ crypto, currencies: currencyRegister(), now: START });
  const blocks = [...issued.blocks, ...test];
  for (const [, block] of blocks) fold.applyBlock(block);
  for (const certificate of issued.certificates) fold.applyCertificate(certificate);
  const accounts = [alice, bob, carol, issuer].flatMap(({ key }) =>
    ['DUM1', sun.id].map((currency) => {
      const { n, certified, balance } = fold.account(key, currency);
      const sums = fold.balance(key, currency);
      return {
        key: hex(key),
        currency,
        n,
        certified,
        balance: balance.toString(),
        available: sums.available.toString(),
        held: sums.held.toString(),
        pending: sums.pending.toString(),
        earned: sums.earned.toString(),
      };
    }),
  );
  const holds = fold.holdsOf(bob.key).map(({ key, amount, outcome }) => ({
    hold: key,
    amount: amount.toString(),
    outcome: outcome?.kind ?? null,
  }));
  return {
    now: START,
    blocks: blocks.map(([, block]) => hex(block.bytes)),
    certificates: issued.certificates.map((certificate) => ({
      currency: certificate.currency?.toString() ?? null,
      bytes: hex(encodeCertificate(certificate)),
    })),
    accounts,
    holds,
  };
}

/** All vector files of the market by name. */
export async function marketVectors(): Promise<Readonly<Record<string, string>>> {
  const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    'market-money.json': text({
      blocks: [...issued.blocks, ...test].map(([name, block]) => blockVector(name, block)),
      lock: { opener: hex(opener), wrapped: hex(wrapped) },
      refused: await refused(),
    }),
    'market-statements.json': text(await statements()),
    'market-ledger.json': text(ledger()),
  };
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'vectors');
  for (const [name, content] of Object.entries(await marketVectors())) {
    const path = join(folder, name);
    if (!process.argv.includes('--check')) {
      writeFileSync(path, content);
    } else if (readFileSync(path, 'utf8') !== content) {
      process.stderr.write(
        `vectors/${name} is not what the code makes: run scripts/make-vectors-market.ts\n`,
      );
      process.exitCode = 1;
    }
  }
}
