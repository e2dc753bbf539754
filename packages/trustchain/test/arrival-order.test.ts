import { type BlockId, type HalfBlock, type Signer, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { validateBlock, viewFromStore } from '@edmp/trustchain/validation';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { blockOf, crypto, START, signerOf, strangeId } from './support/blocks.ts';

const AUTHORS = [1, 2, 3].map(signerOf);

interface Step {
  readonly author: number;
  /** Which of the blocks made so far to continue from; mostly the author's last. */
  readonly from: number;
  readonly fork: boolean;
  readonly action: 'source' | 'propose' | 'agree' | 'refuse' | 'withdraw' | 'stray';
  readonly target: number;
  readonly tx: number;
  readonly time: number;
}

const steps = fc.array(
  fc.record({
    author: fc.nat(2),
    from: fc.nat(),
    fork: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    action: fc.constantFrom('source', 'propose', 'propose', 'agree', 'agree', 'refuse', 'withdraw', 'stray'),
    target: fc.nat(),
    tx: fc.nat(2),
    time: fc.nat(50),
  }),
  { minLength: 1, maxLength: 14 },
) as fc.Arbitrary<readonly Step[]>;

const signerAt = (index: number): Signer => AUTHORS[index % AUTHORS.length] as Signer;

/** Blocks of honest, forking, contradicting and mis-linking authors. */
async function build(script: readonly Step[]): Promise<HalfBlock[]> {
  const made: HalfBlock[] = [];
  for (const step of script) {
    const signer = signerAt(step.author);
    const own = made.filter((block) => Buffer.from(block.core.key).equals(signer.publicKey));
    const base = own.length === 0 ? undefined : step.fork ? own[step.from % own.length] : own.at(-1);
    const seq = (base?.core.seq ?? 0) + 1;
    const prev: BlockId | null = step.action === 'stray' && seq > 1 ? strangeId(step.tx) : (base?.id ?? null);
    const target = made[step.target % Math.max(1, made.length)];
    const place = { seq, prev, time: START + step.time };
    const answer = target && { peer: target.core.key, link: target.id };
    if (step.action === 'agree' && answer) {
      made.push(await blockOf(signer, { ...place, ...answer, type: target.core.type, tx: target.core.tx }));
    } else if (step.action === 'refuse' && answer) {
      made.push(await blockOf(signer, { ...place, ...answer, type: 'tc/refuse', tx: step.tx }));
    } else if (step.action === 'withdraw' && target) {
      made.push(
        await blockOf(signer, { ...place, peer: target.core.peer, link: target.id, type: 'tc/withdraw' }),
      );
    } else {
      const peer = step.action === 'propose' ? signerAt(step.author + 1 + (step.tx % 2)).publicKey : null;
      made.push(await blockOf(signer, { ...place, peer, tx: { n: step.tx, deadline: START + 25 } }));
    }
  }
  return [...new Map(made.map((block) => [block.id.toString(), block])).values()];
}

interface Outcome {
  readonly verdicts: Record<string, unknown>;
  readonly cheats: readonly boolean[];
  readonly pairs: Record<string, string>;
}

/** Delivers blocks one by one and reads what the node believes in the end. */
async function deliver(blocks: readonly HalfBlock[], together: boolean): Promise<Outcome> {
  const store = memoryBlockStore();
  const environment = virtualEnvironment();
  const chain = await createTrustchain({ signer: signerOf(99), crypto, store, environment });
  if (together) await Promise.all(blocks.map((block) => chain.receive(block.bytes)));
  else for (const block of blocks) await chain.receive(block.bytes);
  const verdicts: Record<string, unknown> = {};
  const pairs: Record<string, string> = {};
  for (const block of [...blocks].sort((a, b) => (a.id.toString() < b.id.toString() ? -1 : 1))) {
    const { level, issues } = validateBlock(
      block,
      await viewFromStore(block, store, new Map(), environment.now()),
    );
    verdicts[block.id.toString()] = [level, issues.map((found) => found.code).sort()];
    if (block.core.link === null) {
      const pair = await chain.pair(block.id);
      pairs[block.id.toString()] = `${pair.state} ${pair.answer?.id} ${pair.deadline}`;
    }
  }
  const cheats: boolean[] = [];
  for (const { publicKey } of AUTHORS) cheats.push(await chain.isFraudulent(publicKey));
  return { verdicts, cheats, pairs };
}

describe('arrival order', () => {
  it(
    'ends in the same verdicts, pairs and cheats whatever the order',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.infiniteStream(fc.nat()),
          fc.boolean(),
          async (script, random, together) => {
            const blocks = await build(script);
            const shuffled = [...blocks];
            for (let i = shuffled.length - 1; i > 0; i--) {
              const j = (random.next().value as number) % (i + 1);
              [shuffled[i], shuffled[j]] = [shuffled[j] as HalfBlock, shuffled[i] as HalfBlock];
            }
            expect(await deliver(shuffled, together)).toEqual(await deliver(blocks, false));
          },
        ),
        { numRuns: 150 },
      );
    },
    bounds.long,
  );

  it('S162 gives the same answers from SQLite as from memory', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const blocks = await build(script);
        const memory = memoryBlockStore();
        const sqlite = sqliteBlockStore({ path: ':memory:', crypto });
        await memory.put(blocks);
        await sqlite.put(blocks);
        for (const block of blocks) {
          const [a, b] = await Promise.all(
            [memory, sqlite].map(async (store) =>
              validateBlock(block, await viewFromStore(block, store, new Map(), START)),
            ),
          );
          expect(a).toEqual(b);
        }
        await sqlite.close();
      }),
      { numRuns: 25 },
    );
  });
});
