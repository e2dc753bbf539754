import { describe, expect, it } from 'vitest';
import type { IssuedCurrency } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { type Certificate, encodeCertificate } from '../src/notary/certificate.ts';
import { spendStatement } from '../src/notary/spend-service.ts';
import { verifyStatement } from '../src/notary/statement.ts';
import { type Author, author, crypto, quorum, someId } from './support/money.ts';
import { currencyOf, held, type NotaryNode, notaryWorld, spendRequest } from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`${name} ${names++}`);

/** A lone notary of a currency whose issuer has paid 100 to alice. */
async function lone() {
  const world = await notaryWorld();
  const node = await world.notary();
  const issuer = fresh('issuer');
  const sun = await currencyOf(issuer, [node.key]);
  const alice = fresh('alice');
  const grant = await issuer.transfer(sun, alice.key, 100n);
  const share = await signed(node, sun, spendRequest(node.key, [grant], { currency: sun.block.bytes }));
  return { world, node, issuer, sun, alice, grant, share };
}

/** The certificate that a lone notary's share is. */
async function signed(
  node: NotaryNode,
  currency: IssuedCurrency,
  request: ReturnType<typeof spendRequest>,
): Promise<Certificate> {
  const answer = await node.ask(request);
  if (answer.kind !== 'share') throw new Error(`expected a share, got ${JSON.stringify(answer)}`);
  const statement = spendStatement(currency.block.id, request.want);
  expect(verifyStatement(statement, answer.signature, node.key, crypto)).toBe(true);
  return { ...statement, shares: [{ index: 0, signature: answer.signature }] };
}

const income = (spending: Spending, certificate: Certificate) => ({
  incomes: [spending.block.bytes],
  certificates: [encodeCertificate(certificate)],
});
const claimOf = (spending: Spending) => ({ id: spending.id, amount: spending.money.pay, certificate: null });

describe('spend', () => {
  it('needs the currency first, and then signs the same share again and again', async () => {
    const world = await notaryWorld();
    const node = await world.notary();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const grant = await issuer.transfer(sun, fresh('alice').key, 100n);
    expect(await node.ask(spendRequest(node.key, [grant]))).toEqual({ kind: 'need', ids: [sun.block.id] });
    const first = await node.ask(spendRequest(node.key, [grant], { currency: sun.block.bytes }));
    expect(first.kind).toBe('share');
    expect(await node.ask(spendRequest(node.key, [grant]))).toEqual(first);
  });

  it('certifies a claim with its payment, each income once along the account', async () => {
    const { node, sun, alice, grant, share } = await lone();
    const bob = fresh('bob');
    const spending = await alice.transfer(sun, bob.key, 30n, { claims: [claimOf(grant)] });
    expect(await node.ask(spendRequest(node.key, [spending]))).toEqual({ kind: 'need', ids: [grant.id] });
    await signed(node, sun, spendRequest(node.key, [spending], income(grant, share)));
    const twice = await alice.claim(sun, [claimOf(grant)]);
    const answer = await node.ask(spendRequest(node.key, [twice], income(grant, share)));
    expect(answer).toMatchObject({ kind: 'refused', code: 'ERR_MONEY_CLAIM' });
  });

  it('refuses claims of another amount, of somebody else’s income, and without a quorum behind them', async () => {
    const { node, sun, alice, issuer, grant, share } = await lone();
    const more = await alice.fork().claim(sun, [{ ...claimOf(grant), amount: 101n }]);
    expect(await node.ask(spendRequest(node.key, [more], income(grant, share)))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_CLAIM',
    });
    const mallory = fresh('mallory');
    const stolen = await mallory.claim(sun, [claimOf(grant)]);
    expect(await node.ask(spendRequest(node.key, [stolen], income(grant, share)))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_CLAIM',
    });
    const open = await issuer.transfer(sun, alice.key, 5n);
    const claim = await alice.claim(sun, [claimOf(open)]);
    const forged: Certificate = {
      ...spendStatement(sun.block.id, open.id),
      shares: [{ index: 0, signature: new Uint8Array(64) }],
    };
    // Not refused: another certificate may be right.
    expect(await node.ask(spendRequest(node.key, [claim], income(open, forged)))).toEqual({
      kind: 'need',
      ids: [open.id],
    });
  });

  it('M1 lets nobody but the issuer go below zero', async () => {
    const { node, sun, alice, grant, share } = await lone();
    const minted = await alice.transfer(sun, fresh('bob').key, 2n ** 62n, { claims: [claimOf(grant)] });
    expect(await node.ask(spendRequest(node.key, [minted], income(grant, share)))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_SUCCESSION',
    });
  });

  it('stops a forker for ever, with the two blocks as proof, and nobody else', async () => {
    const { node, sun, alice, issuer, grant, share } = await lone();
    const fork = alice.fork();
    const toBob = await alice.transfer(sun, fresh('bob').key, 30n, { claims: [claimOf(grant)] });
    const toCarol = await fork.transfer(sun, fresh('carol').key, 30n, { claims: [claimOf(grant)] });
    await signed(node, sun, spendRequest(node.key, [toBob], income(grant, share)));
    const refusal = await node.ask(spendRequest(node.key, [toCarol], income(grant, share)));
    expect(refusal).toMatchObject({ kind: 'refused', code: 'ERR_MONEY_FORK' });
    expect(refusal.kind === 'refused' && refusal.proof).toEqual([toBob.block.bytes, toCarol.block.bytes]);
    expect(node.events).toMatchObject([{ type: 'fork' }]);
    const next = await alice.transfer(sun, fresh('dora').key, 1n);
    expect(await node.ask(spendRequest(node.key, [next]))).toMatchObject({ code: 'ERR_MONEY_FORK' });
    await signed(node, sun, spendRequest(node.key, [await issuer.transfer(sun, alice.key, 1n)]));
  });

  it('does not hold a block against an author that did not sign it', async () => {
    const { node, sun, alice, grant, share } = await lone();
    const fork = alice.fork();
    const toBob = await alice.transfer(sun, fresh('bob').key, 30n, { claims: [claimOf(grant)] });
    const other = await fork.transfer(sun, fresh('carol').key, 30n, { claims: [claimOf(grant)] });
    await signed(node, sun, spendRequest(node.key, [toBob], income(grant, share)));
    const forged = other.block.bytes.slice();
    forged[forged.length - 1]! ^= 1;
    expect(
      await node.ask({ ...spendRequest(node.key, [other], income(grant, share)), blocks: [forged] }),
    ).toMatchObject({ kind: 'refused', code: 'ERR_BLOCK_SIGNATURE' });
    await signed(node, sun, spendRequest(node.key, [await alice.transfer(sun, fresh('dora').key, 1n)]));
  });

  it('needs the blocks between, covers a run with one share, and takes no other order', async () => {
    const { node, sun, alice, grant, share } = await lone();
    const bob = fresh('bob');
    const one = await alice.transfer(sun, bob.key, 1n, { claims: [claimOf(grant)] });
    const two = await alice.transfer(sun, bob.key, 2n);
    const three = await alice.transfer(sun, bob.key, 3n);
    expect(await node.ask(spendRequest(node.key, [three], income(grant, share)))).toEqual({
      kind: 'need',
      ids: [two.id],
    });
    expect(await node.ask(spendRequest(node.key, [one, three], income(grant, share)))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_SUCCESSION',
    });
    await signed(node, sun, spendRequest(node.key, [one, two, three], income(grant, share)));
    // Each block of the run is bound to its number, so each can have its own share.
    await signed(node, sun, spendRequest(node.key, [two]));
  });

  it('takes a certified block in place of those before, and what it skipped when that is shown', async () => {
    const keys = quorum('skipping', 4);
    const world = await notaryWorld();
    const node = await world.notary();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key, ...keys.keys.slice(0, 3)]);
    const bob = fresh('bob');
    const run: Spending[] = [];
    for (let i = 0; i < 6; i++) run.push(await issuer.transfer(sun, bob.key, 1n));
    const [first, second, , fourth, fifth, sixth] = run;
    const statement = spendStatement(sun.block.id, fifth!.id);
    const certificate: Certificate = {
      ...statement,
      shares: (await keys.certify(statement, [0, 1, 2])).shares.map(({ index, signature }) => ({
        index: index + 1,
        signature,
      })),
    };
    const shown = { currency: sun.block.bytes, certificates: [encodeCertificate(certificate)] };
    expect(await node.ask(spendRequest(node.key, [sixth!], shown))).toEqual({
      kind: 'need',
      ids: [fifth!.id],
    });
    expect((await node.ask(spendRequest(node.key, [fifth!, sixth!], shown))).kind).toBe('share');
    // A block that was skipped is signed when it is shown to lead to what is known, and not before.
    expect(await node.ask(spendRequest(node.key, [second!]))).toEqual({ kind: 'need', ids: [sixth!.id] });
    const late = spendRequest(node.key, [second!, run[2]!, fourth!, fifth!], { want: second!.id });
    expect((await node.ask(late)).kind).toBe('share');
    expect((await node.ask(spendRequest(node.key, [first!, second!], { want: first!.id }))).kind).toBe(
      'share',
    );
  });

  it('says later to the 33rd block without a certificate, and goes on when it sees one', async () => {
    const keys = quorum('uncertified', 4);
    const world = await notaryWorld();
    const node = await world.notary();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key, ...keys.keys.slice(0, 3)]);
    const bob = fresh('bob');
    const run: Spending[] = [];
    for (let i = 0; i < 33; i++) run.push(await issuer.transfer(sun, bob.key, 1n));
    const first = spendRequest(node.key, run.slice(0, 32), { currency: sun.block.bytes });
    expect((await node.ask(first)).kind).toBe('share');
    expect((await node.ask(spendRequest(node.key, run.slice(32)))).kind).toBe('later');
    const statement = spendStatement(sun.block.id, run[31]!.id);
    const shares = (await keys.certify(statement, [0, 1, 2])).shares.map((share) => ({
      ...share,
      index: share.index + 1,
    }));
    const certificates = [encodeCertificate({ ...statement, shares })];
    expect((await node.ask(spendRequest(node.key, run.slice(31), { certificates }))).kind).toBe('share');
  });

  it('claims a hold by its outcome, and not by another one’s', async () => {
    const { world, node, sun, alice, grant, share } = await lone();
    const seller = fresh('seller');
    const claim = await alice.claim(sun, [claimOf(grant)]);
    await signed(node, sun, spendRequest(node.key, [claim], income(grant, share)));
    const trade = await held(world, seller, alice, sun);
    await signed(node, sun, spendRequest(node.key, [trade.hold]));
    const forged: Certificate = {
      kind: 'paid',
      currency: sun.block.id,
      subject: trade.hold.id,
      extra: null,
      shares: [{ index: 0, signature: new Uint8Array(64) }],
    };
    const wish = await seller.claim(sun, [claimOf(trade.hold)]);
    expect((await node.ask(spendRequest(node.key, [wish], income(trade.hold, forged)))).kind).toBe('need');
    // A spend certificate of the hold is no outcome.
    const spend = await signed(node, sun, spendRequest(node.key, [trade.hold]));
    expect((await node.ask(spendRequest(node.key, [wish], income(trade.hold, spend)))).kind).toBe('need');
    // The buyer cannot call it paid to itself.
    const back = await alice.claim(sun, [claimOf(trade.hold)]);
    expect(await node.ask(spendRequest(node.key, [back], income(trade.hold, forged)))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_CLAIM',
    });
  });

  it('serves no test money, no currency of others, and no key of another store', async () => {
    const { node, sun, alice } = await lone();
    const bob = fresh('bob');
    const foreign = await currencyOf(bob, quorum('foreign').keys);
    const spending = await bob.transfer(foreign, alice.key, 1n);
    expect((await node.ask(spendRequest(node.key, [spending], { currency: foreign.block.bytes }))).kind).toBe(
      'need',
    );
    const other = quorum('other').keys[0]!;
    const block = await alice.fork().transfer(sun, bob.key, 1n, { changes: { balance: 0n } });
    expect(await node.ask(spendRequest(other, [block]))).toMatchObject({
      kind: 'refused',
      code: 'ERR_NOTARY_UNKNOWN',
    });
    expect(await node.ask(spendRequest(node.key, [spending], { want: someId('none') }))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MARKET_FORMAT',
    });
  });

  it('tells anyone where an account stands', async () => {
    const { node, sun, issuer, grant } = await lone();
    const question = { kind: 'account', key: node.key, currency: sun.block.id } as const;
    const answer = await node.ask({ ...question, account: issuer.key });
    expect(answer.kind === 'account' && answer.tip?.block).toEqual(grant.block.bytes);
    expect(await node.ask({ ...question, account: fresh('nobody').key })).toEqual({
      kind: 'account',
      tip: null,
    });
  });
});
