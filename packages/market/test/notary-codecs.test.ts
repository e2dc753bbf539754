import { isEdmpError, type PublicKey } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import {
  type Certificate,
  certificateOfShares,
  decodeCertificate,
  encodeCertificate,
  MAX_CERTIFICATE_BYTES,
  verifyCertificate,
} from '../src/notary/certificate.ts';
import {
  decodeNotaryProof,
  encodeNotaryProof,
  notaryProofOf,
  type SignedStatement,
  verifyNotaryProof,
} from '../src/notary/notary-proof.ts';
import { type Statement, signStatement, verifyStatement } from '../src/notary/statement.ts';
import { author, crypto, issue, quorum, someId } from './support/money.ts';

const issuer = author('issuer');
const four = quorum('four', 4);
const { currency: sun, block: sunBlock } = await issue(issuer, four);
const bob = author('bob');
const hold = someId('hold');

const code = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (isEdmpError(error)) return error.code;
    throw error;
  }
  return 'nothing thrown';
};

const statement = (kind: Statement['kind'], changes: Partial<Statement> = {}): Statement => ({
  kind,
  currency: sunBlock.id,
  subject: hold,
  extra: kind === 'ack' ? someId('release') : null,
  ...changes,
});

describe('statements', () => {
  it('are one key’s, about one thing, in one currency', async () => {
    const [signer] = four.signers;
    const signature = await signStatement(statement('paid'), signer!, crypto);
    expect(verifyStatement(statement('paid'), signature, signer!.publicKey, crypto)).toBe(true);
    for (const other of [
      statement('refund'),
      statement('none'),
      statement('paid', { subject: someId('other') }),
      statement('paid', { currency: null }),
      statement('paid', { extra: someId('release') }),
    ]) {
      expect(verifyStatement(other, signature, signer!.publicKey, crypto)).toBe(false);
    }
    expect(verifyStatement(statement('paid'), signature, four.keys[1]!, crypto)).toBe(false);
  });

  it('name a release only in an ack, and certify nothing as spent in test money', async () => {
    const [signer] = four.signers;
    for (const bad of [
      statement('ack', { extra: null }),
      statement('none', { extra: someId('release') }),
      statement('spend', { currency: null }),
    ]) {
      await expect(signStatement(bad, signer!, crypto)).rejects.toMatchObject({ code: 'ERR_MARKET_FORMAT' });
    }
  });
});

describe('certificates', () => {
  it.each([1, 4, 7] as const)('of %i keys are read again, and verified against them', async (count) => {
    const keys = quorum(`count ${count}`, count);
    for (const kind of ['spend', 'ack', 'none', 'paid', 'refund'] as const) {
      const certificate = await keys.certify(statement(kind));
      const bytes = encodeCertificate(certificate);
      expect(bytes.length).toBeLessThan(MAX_CERTIFICATE_BYTES);
      expect(decodeCertificate(bytes, sunBlock.id)).toEqual(certificate);
      expect(verifyCertificate(certificate, keys.keys, crypto)).toBe(true);
      expect(verifyCertificate(decodeCertificate(bytes, someId('moon')), keys.keys, crypto)).toBe(false);
    }
  });

  it('need a quorum of different keys, every share right', async () => {
    const full = await four.certify(statement('paid'), [0, 1, 2, 3]);
    const check = (shares: Certificate['shares'], keys: readonly PublicKey[] = four.keys) =>
      verifyCertificate({ ...full, shares }, keys, crypto);
    const [a, b, c, d] = full.shares as [
      Certificate['shares'][0],
      Certificate['shares'][0],
      Certificate['shares'][0],
      Certificate['shares'][0],
    ];
    expect(check([a, b, c, d])).toBe(true);
    expect(check([a, c, d])).toBe(true);
    expect(check([a, b])).toBe(false);
    expect(check([a, a, b])).toBe(false);
    expect(check([b, a, c])).toBe(false);
    expect(check([a, b, { ...c, signature: d.signature }])).toBe(false);
    expect(check([a, b, c, { ...d, signature: c.signature }])).toBe(false);
    expect(check([a, b, { ...d, index: 6 }])).toBe(false);
    expect(check([a], four.keys.slice(0, 1))).toBe(true);
    expect(check([a, b, c], four.keys.slice(0, 3))).toBe(false);
    expect(check([], [])).toBe(false);
  });

  it('are verified once, and not for other keys by that', async () => {
    let calls = 0;
    const counting = {
      sha256: crypto.sha256.bind(crypto),
      ed25519Verify: (...args: Parameters<typeof crypto.ed25519Verify>) => {
        calls++;
        return crypto.ed25519Verify(...args);
      },
    };
    const certificate = await four.certify(statement('paid'));
    expect(verifyCertificate(certificate, four.keys, counting)).toBe(true);
    expect(verifyCertificate(certificate, [...four.keys], counting)).toBe(true);
    expect(calls).toBe(3);
    expect(verifyCertificate(certificate, quorum('others', 4).keys, counting)).toBe(false);
    const assembled = certificateOfShares(statement('paid'), certificate.shares.toReversed(), four.keys);
    expect(assembled).toEqual(certificate);
    calls = 0;
    expect(verifyCertificate(assembled, four.keys, counting)).toBe(true);
    expect(calls).toBe(0);
    expect(code(() => certificateOfShares(statement('paid'), certificate.shares.slice(1), four.keys))).toBe(
      'ERR_MARKET_FORMAT',
    );
  });

  it('decode from their own bytes only', async () => {
    const bytes = encodeCertificate(await four.certify(statement('ack')));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }))
            .map(([at, bit]) => bytes.with(at, bytes[at]! ^ bit)),
          fc.nat(bytes.length - 1).map((end) => bytes.slice(0, end)),
        ),
        (input) => {
          try {
            const certificate = decodeCertificate(input, sunBlock.id);
            expect(encodeCertificate(certificate)).toEqual(input);
            expect(verifyCertificate(certificate, four.keys, crypto)).toBe(false);
          } catch (error) {
            if (!isEdmpError(error)) throw error;
            expect(error.code).toBe('ERR_MARKET_FORMAT');
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('proofs against notaries', () => {
  const [notary, other] = four.signers;
  const payer = author('payer');
  const signed = async (said: Statement, core: Spending | null = null): Promise<SignedStatement> => ({
    statement: said,
    signature: await signStatement(said, notary!, crypto),
    core: core === null ? null : core.block.coreBytes,
  });
  const spend = (spending: Spending) => signed(statement('spend', { subject: spending.id }), spending);

  it('take two spends of one number, whichever came first', async () => {
    const [a, b] = [
      await payer.fork().transfer(sun, bob.key, 1n),
      await payer.fork().transfer(sun, bob.key, 2n),
    ];
    const proof = notaryProofOf(notary!.publicKey, await spend(a), await spend(b), crypto);
    const again = notaryProofOf(notary!.publicKey, await spend(b), await spend(a), crypto);
    const bytes = encodeNotaryProof(proof);
    expect(encodeNotaryProof(again)).toEqual(bytes);
    expect(verifyNotaryProof(bytes, crypto)).toEqual(proof);
    expect(proof).toMatchObject({ kind: 'two-spends', key: notary!.publicKey });
  });

  it('take ack and none, paid and refund, in test money too', async () => {
    for (const [a, b, kind] of [
      ['ack', 'none', 'ack-and-none'],
      ['paid', 'refund', 'paid-and-refund'],
    ] as const) {
      for (const currency of [sunBlock.id, null]) {
        const proof = notaryProofOf(
          notary!.publicKey,
          await signed(statement(b, { currency })),
          await signed(statement(a, { currency })),
          crypto,
        );
        expect(verifyNotaryProof(encodeNotaryProof(proof), crypto)).toMatchObject({ kind, currency });
      }
    }
  });

  it('prove nothing against an honest notary', async () => {
    const unfounded = async (a: SignedStatement, b: SignedStatement) =>
      expect(code(() => notaryProofOf(notary!.publicKey, a, b, crypto))).toBe('ERR_NOTARY_UNFOUNDED');
    const chain = payer.fork();
    const [first, second] = [await chain.transfer(sun, bob.key, 1n), await chain.transfer(sun, bob.key, 2n)];
    await unfounded(await spend(first), await spend(second));
    await unfounded(await spend(first), await spend(first));
    await unfounded(await spend(first), await spend(await author('else').transfer(sun, bob.key, 1n)));
    const { block: moon, currency } = await issue(author('issuer 2'), four);
    const elsewhere = await payer.fork().transfer(currency, bob.key, 1n);
    await unfounded(
      await spend(first),
      await signed(statement('spend', { currency: moon.id, subject: elsewhere.id }), elsewhere),
    );
    await unfounded(await spend(first), await spend(elsewhere));
    await unfounded(
      await spend(await payer.fork().transfer(DUM1, bob.key, 1n)),
      await spend(await payer.fork().transfer(DUM1, bob.key, 2n)),
    );
    await unfounded(await signed(statement('ack')), await signed(statement('paid')));
    await unfounded(await signed(statement('none')), await signed(statement('none')));
    await unfounded(
      await signed(statement('ack')),
      await signed(statement('none', { subject: someId('other') })),
    );
    await unfounded(await signed(statement('ack')), await signed(statement('none', { currency: null })));
    await unfounded(await spend(first), { ...(await spend(second)), core: null });
    await unfounded(await spend(first), { ...(await spend(second)), core: first.block.coreBytes });
  });

  it('are signed by the accused key', async () => {
    const said = statement('none');
    const forged = { statement: said, signature: await signStatement(said, other!, crypto), core: null };
    const proof = notaryProofOf(notary!.publicKey, await signed(statement('ack')), forged, crypto);
    expect(code(() => verifyNotaryProof(encodeNotaryProof(proof), crypto))).toBe('ERR_NOTARY_UNFOUNDED');
  });

  it('decode from their own bytes only', async () => {
    const [a, b] = [
      await payer.fork().transfer(sun, bob.key, 1n),
      await payer.fork().transfer(sun, bob.key, 2n),
    ];
    const proofs = [
      encodeNotaryProof(notaryProofOf(notary!.publicKey, await spend(a), await spend(b), crypto)),
      encodeNotaryProof(
        notaryProofOf(
          notary!.publicKey,
          await signed(statement('ack')),
          await signed(statement('none')),
          crypto,
        ),
      ),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...proofs),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        (bytes, place, byte, cut) => {
          const at = place % bytes.length;
          const input = cut ? bytes.slice(0, at) : bytes.with(at, byte);
          try {
            expect(encodeNotaryProof(decodeNotaryProof(input, crypto))).toEqual(input);
          } catch (error) {
            if (!isEdmpError(error)) throw error;
          }
          if (cut || bytes[at] !== byte)
            expect(code(() => verifyNotaryProof(input, crypto))).toMatch(/^ERR_/);
        },
      ),
      { numRuns: 500 },
    );
    expect(sun.notaries).toHaveLength(4);
  });
});
