/** What a complaint holds may open data: it is sealed to its witness, and nothing but this complaint by this buyer opens there. */

import { EdmpError, equalBytes, type PublicKey, type Signer, virtualEnvironment } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import { encodeNotaryAnswer, type NotaryAnswer } from '../src/notary/answers.ts';
import { ComplaintLine } from '../src/notary/complaint-line.ts';
import { openSealed, sealTo } from '../src/notary/complaint-seal.ts';
import { NOTARY_PROTOCOL } from '../src/notary/limits.ts';
import { NotaryLine } from '../src/notary/line.ts';
import { decodeNotaryRequest } from '../src/notary/messages.ts';
import { SealingKeys } from '../src/notary/sealing-keys.ts';
import type { StatementKeys } from '../src/notary/statement-keys.ts';
import { sealedComplain } from './support/complaints.ts';
import { author, crypto, HOUR } from './support/money.ts';
import {
  complainRequest,
  FOUNDED,
  held,
  INVENTED,
  kindsOf,
  type NotaryNode,
  notaryWorld,
  releaseRequest,
} from './support/notary-world.ts';

let names = 0;

async function scene() {
  const world = await notaryWorld();
  const node = await world.notary();
  const [seller, buyer] = [author(`seals seller ${names}`), author(`seals buyer ${names++}`)];
  const trade = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
  await node.say(releaseRequest(node.key, trade));
  const asks = (at: NotaryNode) => (request: Parameters<NotaryNode['ask']>[0]) => at.ask(request);
  const request = complainRequest(node.key, trade, FOUNDED);
  return { world, node, seller, buyer, trade, request, asks };
}

const environment = virtualEnvironment({ seed: 5 });

/** Statement keys of which one is there, and signs as it is told. */
const statementsOf = (key: PublicKey, sign: Signer['sign']): StatementKeys =>
  ({
    signer: (asked: PublicKey) => (equalBytes(asked, key) ? { publicKey: key, sign } : undefined),
  }) as unknown as StatementKeys;

const refused = { kind: 'refused', code: 'ERR_NOTARY_SEAL' };

describe('a sealed complaint', () => {
  it('opens at its witness, once', async () => {
    const { world, node, request, asks } = await scene();
    const sealed = await sealedComplain(request, world.someone, asks(node));
    expect(kindsOf(await node.say(sealed))).toEqual(['ack', 'refund']);
    expect(await node.ask(sealed)).toMatchObject(refused);
    // The same complaint, sealed again, is no replay.
    expect(kindsOf(await node.say(request))).toEqual(['ack', 'refund']);
  });

  it('opens for nobody else, from nobody else, about no other hold, and with no bit changed', async () => {
    const { world, node, seller, buyer, trade, request, asks } = await scene();
    const another = await world.notary();
    const sealed = await sealedComplain(request, world.someone, asks(node));
    expect(await node.ask(sealed, buyer.key)).toMatchObject(refused);
    expect(await node.ask({ ...sealed, key: another.key })).toMatchObject(refused);
    expect(await another.ask({ ...sealed, key: another.key })).toMatchObject(refused);
    // Sealed to the key of another witness.
    const elsewhere = await sealedComplain({ ...request, key: another.key }, world.someone, asks(another));
    expect(await node.ask({ ...elsewhere, key: node.key })).toMatchObject(refused);
    const other = await held(world, seller, buyer, DUM1, { witnesses: [node.key] });
    expect(await node.ask({ ...sealed, evidence: other.evidence })).toMatchObject(refused);
    for (const changed of [
      { sealed: sealed.sealed.with(5, sealed.sealed[5]! ^ 1) },
      { sealed: sealed.sealed.with(1_119, sealed.sealed[1_119]! ^ 1) },
      { sealed: sealed.sealed.with(-1, sealed.sealed.at(-1)! ^ 1) },
      { sealed: sealed.sealed.subarray(0, -1) },
      { sealed: new Uint8Array(1_136) },
      { sealedTo: sealed.sealedTo.with(0, sealed.sealedTo[0]! ^ 1) },
    ]) {
      expect(await node.ask({ ...sealed, ...changed })).toMatchObject(refused);
    }
    for (const change of [{ from: buyer.key }, { key: another.key }, { hold: new Uint8Array(9) }]) {
      expect(await node.ask(await sealedComplain(request, world.someone, asks(node), change))).toMatchObject(
        refused,
      );
    }
    // None of it cost the complaint itself its one opening.
    expect(kindsOf(await node.say(sealed))).toEqual(['ack', 'refund']);
    expect(trade.hold.key).not.toBe(other.hold.key);
  });

  it('is no secret of the store: the keys live in memory, and not for long', async () => {
    const { world, node, request, asks } = await scene();
    const early = await sealedComplain(request, world.someone, asks(node));
    const first = await node.ask({ kind: 'sealing', key: node.key });
    expect(await node.ask({ kind: 'sealing', key: node.key })).toEqual(first);
    await world.environment.advance(HOUR + 1);
    const second = await node.ask({ kind: 'sealing', key: node.key });
    expect(second).not.toEqual(first);
    await world.environment.advance(HOUR);
    expect(await node.ask(early)).toMatchObject(refused);
    const late = await sealedComplain(request, world.someone, asks(node));
    await node.stop();
    await node.start();
    expect(await node.ask(late)).toMatchObject(refused);
    expect(await node.ask({ kind: 'sealing', key: world.someone })).toMatchObject({
      kind: 'refused',
      code: 'ERR_NOTARY_UNKNOWN',
    });
  });

  it('is sealed to a key that no clock keeps alive, forwards or backwards', async () => {
    const key = author('clock').key;
    let now = 1_000 * HOUR;
    const keys = new SealingKeys({
      crypto,
      environment: { now: () => now, randomBytes: (length) => environment.randomBytes(length) },
      statements: statementsOf(key, async () => new Uint8Array(64).fill(1)),
    });
    const offered = async () => Buffer.from((await keys.offer(key))!.publicKey).toString('hex');
    const seen = new Set([await offered()]);
    for (const step of [-2 * HOUR, -500 * HOUR, 10 * HOUR, 700 * HOUR, -HOUR]) {
      now += step;
      const name = await offered();
      expect(seen, `step ${step}`).not.toContain(name);
      expect(await offered()).toBe(name);
      seen.add(name);
    }
    // A small step back, as of a clock that is set right, changes nothing.
    const before = await offered();
    now -= 5_000;
    expect(await offered()).toBe(before);
  });

  it('can be sealed again as soon as a signer that failed works', async () => {
    const key = author('signer').key;
    let fails = 2;
    const keys = new SealingKeys({
      crypto,
      environment,
      statements: statementsOf(key, async () => {
        if (fails-- > 0) throw new EdmpError('ERR_STORE_IO', 'not now');
        return new Uint8Array(64).fill(2);
      }),
    });
    const both = await Promise.allSettled([keys.offer(key), keys.offer(key)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(keys.offer(key)).rejects.toThrow('not now');
    expect((await keys.offer(key))?.signature).toEqual(new Uint8Array(64).fill(2));
  });

  it('is not sent to a key that the witness did not sign, or that is none', async () => {
    const { world, node, trade, request } = await scene();
    const user = await world.user();
    const liar = world.networks.create();
    await liar.start();
    world.networks.link(user.network.self, liar.self);
    const good = await node.ask({ kind: 'sealing', key: node.key });
    if (good.kind !== 'sealing') throw new Error('no key');
    const other = await world.notary();
    const foreign = await other.ask({ kind: 'sealing', key: other.key });
    if (foreign.kind !== 'sealing') throw new Error('no key');
    let answer: NotaryAnswer = good;
    const seen: Uint8Array[] = [];
    liar.handle(NOTARY_PROTOCOL, async ({ body }) => {
      seen.push(body.slice());
      return encodeNotaryAnswer(answer);
    });
    const directory = { ...user.directory, local: () => undefined, find: async () => liar.self };
    const line = new ComplaintLine(new NotaryLine(user.network, directory), world);
    const { evidence, complaint, refunds } = request;
    const complain = () =>
      world.environment.run(line.complain(node.key, { evidence, complaint, refunds })).then(
        () => 'sent',
        (error: { code: string }) => error.code,
      );
    for (const bad of [
      { ...good, publicKey: good.publicKey.with(0, good.publicKey[0]! ^ 1) },
      { ...good, signature: new Uint8Array(64) },
      foreign,
    ]) {
      answer = bad;
      expect(await complain()).toBe('ERR_NOTARY_SEAL');
    }
    // A key that no mechanism takes, with whoever's signature.
    for (const publicKey of [new Uint8Array(1_216).fill(255), new Uint8Array(1_216)]) {
      expect(() => sealTo(world, publicKey, { info: FOUNDED, aad: FOUNDED }, INVENTED)).toThrow(
        expect.objectContaining({ code: 'ERR_NOTARY_SEAL' }),
      );
    }
    const kinds = seen.map((body) => decodeNotaryRequest(body).kind).filter((kind) => kind !== 'who');
    expect(kinds).toEqual(['sealing', 'sealing', 'sealing']);
    for (const body of seen) expect(Buffer.from(body).includes(Buffer.from(trade.opener))).toBe(false);
    answer = good;
    expect(await complain()).toBe('sent');
    for (const body of seen) expect(Buffer.from(body).includes(Buffer.from(trade.opener))).toBe(false);
  });

  it('never makes more of strangers’ bytes than a typed refusal', () => {
    const secretKey = crypto.sha256(FOUNDED);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_400 }), (bytes) => {
        expect(() => openSealed(crypto, secretKey, { info: FOUNDED, aad: FOUNDED }, bytes)).toThrow(
          expect.objectContaining({ code: 'ERR_NOTARY_SEAL' }),
        );
      }),
      { numRuns: 200 },
    );
  });
});
