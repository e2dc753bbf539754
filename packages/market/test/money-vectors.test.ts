/** The golden vectors of `vectors/market-*.json`, read as another implementation would read them. */
import { readFileSync } from 'node:fs';
import { bytesToHex, hexToBytes, publicKeyFromHex } from '@edmp/interface';
import { decodeHalfBlock, verifySignature } from '@edmp/trustchain/block';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { marketVectors } from '../../../scripts/make-vectors-market.ts';
import { currencyRegister } from '../src/asset/currency-register.ts';
import { releaseOf, unlockKey } from '../src/blocks/release.ts';
import { spendingOf } from '../src/blocks/spending.ts';
import { marketRules } from '../src/desk/market-rules.ts';
import { createLedger } from '../src/ledger/create-ledger.ts';
import { decodeCertificate, encodeCertificate, verifyCertificate } from '../src/notary/certificate.ts';
import { encodeNotaryProof, verifyNotaryProof } from '../src/notary/notary-proof.ts';
import { type Statement, type StatementKind, statementMessage } from '../src/notary/statement.ts';
import { crypto } from './support/money.ts';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../vectors/market-${name}.json`, import.meta.url), 'utf8')) as T;

const link = (text: string | null): CID | null => (text === null ? null : CID.parse(text));

interface MoneyVectors {
  readonly blocks: readonly {
    readonly name: string;
    readonly id: string;
    readonly bytes: string;
    readonly spends: {
      readonly kind: string;
      readonly currency: string;
      readonly n: number;
      readonly prev: string | null;
      readonly claims: readonly {
        readonly id: string;
        readonly amount: string;
        readonly certificate: string | null;
      }[];
      readonly pay: string;
      readonly to: string | null;
      readonly balance: string;
      readonly memo: string | null;
    } | null;
  }[];
  readonly lock: { readonly opener: string; readonly wrapped: string };
  readonly refused: readonly { readonly name: string; readonly bytes: string; readonly code: string }[];
}

interface StatementVectors {
  readonly notaries: readonly { readonly key: string }[];
  readonly statements: readonly {
    readonly name: string;
    readonly kind: StatementKind;
    readonly currency: string | null;
    readonly subject: string;
    readonly extra: string | null;
    readonly signed: string;
    readonly shares: readonly { readonly index: number; readonly signature: string }[];
    readonly certificate: string;
  }[];
  readonly proofs: readonly { readonly kind: string; readonly key: string; readonly bytes: string }[];
}

interface LedgerVectors {
  readonly now: number;
  readonly blocks: readonly string[];
  readonly certificates: readonly { readonly currency: string | null; readonly bytes: string }[];
  readonly accounts: readonly {
    readonly key: string;
    readonly currency: string;
    readonly n: number;
    readonly certified: number;
    readonly balance: string;
    readonly available: string;
    readonly held: string;
    readonly pending: string;
    readonly earned: string;
  }[];
  readonly holds: readonly {
    readonly hold: string;
    readonly amount: string;
    readonly outcome: string | null;
  }[];
}

describe('golden vectors', () => {
  const money = read<MoneyVectors>('money');

  it('are what the code makes', async () => {
    for (const [name, content] of Object.entries(await marketVectors())) {
      const file = readFileSync(new URL(`../../../vectors/${name}`, import.meta.url), 'utf8');
      expect(content === file, `${name} differs: run scripts/make-vectors-market.ts`).toBe(true);
    }
  });

  it.each(money.blocks)('money: $name', ({ id, bytes, spends }) => {
    const block = decodeHalfBlock(hexToBytes(bytes), crypto);
    expect(block.id.toString()).toBe(id);
    expect(verifySignature(block, crypto)).toBe(true);
    const rule = marketRules(crypto)[block.core.type]!;
    if (block.core.link === null) expect(rule.checkProposal?.(block)).toEqual([]);
    const spending = spendingOf(block);
    if (spends === null || spending === undefined) {
      expect(spending ?? null).toBe(spends);
      return;
    }
    const { kind, money: part, memo } = spending;
    expect({
      kind,
      currency: part.currency,
      n: part.n,
      prev: part.prev?.toString() ?? null,
      claims: part.claims.map((claim) => ({
        id: claim.id.toString(),
        amount: `${claim.amount}`,
        certificate: claim.certificate === null ? null : bytesToHex(claim.certificate),
      })),
      pay: `${part.pay}`,
      to: part.to === null ? null : bytesToHex(part.to),
      balance: `${part.balance}`,
      memo,
    }).toEqual(spends);
  });

  it('money: the opener unlocks the released key', () => {
    const released = money.blocks.find(({ name }) => name.startsWith('release'))!;
    const release = releaseOf(decodeHalfBlock(hexToBytes(released.bytes), crypto));
    expect(bytesToHex(unlockKey(release, hexToBytes(money.lock.opener), crypto)!)).toBe(money.lock.wrapped);
  });

  it.each(money.refused)('money refused: $name', ({ bytes, code }) => {
    const block = decodeHalfBlock(hexToBytes(bytes), crypto);
    expect(marketRules(crypto)[block.core.type]?.checkProposal?.(block)).toMatchObject([{ code }]);
  });

  const { notaries, statements, proofs } = read<StatementVectors>('statements');
  const keys = notaries.map(({ key }) => publicKeyFromHex(key));

  it.each(statements)(
    'statement: $name',
    ({ kind, currency, subject, extra, signed, shares, certificate }) => {
      const statement: Statement = {
        kind,
        currency: link(currency),
        subject: CID.parse(subject),
        extra: link(extra),
      };
      expect(bytesToHex(statementMessage(statement, crypto))).toBe(signed);
      const decoded = decodeCertificate(hexToBytes(certificate), link(currency));
      expect(
        decoded.shares.map(({ index, signature }) => ({ index, signature: bytesToHex(signature) })),
      ).toEqual(shares);
      expect(verifyCertificate(decoded, keys, crypto)).toBe(true);
      expect(bytesToHex(encodeCertificate(decoded))).toBe(certificate);
    },
  );

  it.each(proofs)('proof: $kind', ({ kind, key, bytes }) => {
    const proof = verifyNotaryProof(hexToBytes(bytes), crypto);
    expect(proof.kind).toBe(kind);
    expect(bytesToHex(proof.key)).toBe(key);
    expect(bytesToHex(encodeNotaryProof(proof))).toBe(bytes);
  });

  it('ledger: the same accounts and outcomes, forwards and backwards', () => {
    const { now, blocks, certificates, accounts, holds } = read<LedgerVectors>('ledger');
    for (const order of [1, -1]) {
      const ledger = createLedger({ crypto, currencies: currencyRegister(), now });
      const feed = [
        ...blocks.map((bytes) => () => ledger.applyBlock(decodeHalfBlock(hexToBytes(bytes), crypto))),
        ...certificates.map(
          ({ currency, bytes }) =>
            () =>
              ledger.applyCertificate(decodeCertificate(hexToBytes(bytes), link(currency))),
        ),
      ];
      for (const apply of order === 1 ? feed : feed.toReversed()) apply();
      for (const { key, currency, ...expected } of accounts) {
        const { n, certified, balance } = ledger.account(publicKeyFromHex(key), currency);
        const { available, held, pending, earned } = ledger.balance(publicKeyFromHex(key), currency);
        const sums = [balance, available, held, pending, earned].map(String);
        expect([n, certified, ...sums]).toEqual(Object.values(expected));
      }
      for (const { hold, amount, outcome } of holds) {
        expect(`${ledger.hold(hold)?.amount}`).toBe(amount);
        expect(ledger.hold(hold)?.outcome?.kind ?? null).toBe(outcome);
      }
    }
  });
});
