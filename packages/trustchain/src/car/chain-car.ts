import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  publicKey,
  type Trustchain,
  type TxValue,
  throwIfAborted,
} from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { assembleHalfBlock, decodeCore } from '../block/codec.ts';
import { blockKey, identify } from '../block/identity.ts';
import { decodeFraudProof, type FraudProof, verifyProofSignatures } from '../fraud/proof.ts';
import { lenientReads } from '../inspect/lenient-reads.ts';
import { readablePages, type UnreadablePosition } from '../inspect/readable-pages.ts';
import { answersOf } from '../pair/answers-of.ts';
import { CarError } from './errors.ts';
import {
  blockIdOf,
  type CarSection,
  encodeCarHeader,
  encodeCarSection,
  readCarSections,
} from './sections.ts';

/** `format` of the root of an exported chain. */
export const CHAIN_CAR_FORMAT = 'edmp/chain/v1';
/** Cores that may wait for their signature: an exporter writes the two after each other. */
const MAX_UNSIGNED = 1_024;
const PAGE = 256;

/** Options of {@link exportChainCar}. */
export interface ExportChainOptions extends AbortOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** Add the blocks of other chains that answer this one or are answered by it. Default `false`. */
  readonly links?: boolean;
  /**
   * Told of positions whose rows are damaged. They are left out, as damaged proofs are; the file announces them all the
   * same, so that its reader takes in the rest and learns at the end that it is incomplete.
   */
  readonly onUnreadable?: (position: UnreadablePosition) => void;
}

/** The head of a chain, which may be damaged: then everything that is stored lies below the end given. */
async function lenientHead(
  store: BlockStore,
  author: PublicKey,
): Promise<{ readonly block: HalfBlock | undefined; readonly top: number }> {
  try {
    const block = await store.head(author);
    return { block, top: block?.core.seq ?? 0 };
  } catch (error) {
    if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
    return { block: undefined, top: Number.MAX_SAFE_INTEGER };
  }
}

function signatureSection(block: HalfBlock, crypto: Pick<Crypto, 'sha256'>): CarSection {
  const bytes = encodeCanonical([block.id, block.signature]);
  return { id: identify(bytes, crypto), bytes };
}

/**
 * A chain as a CARv1 file, in pieces: the root `{ format, author, head, blocks, proofs }`, then for every block up to
 * that head its core under its id (so that any IPLD tool can follow `prev` and `link`) and `[id, signature]`, then the
 * fraud proofs against the author. `blocks` and `proofs` are the numbers of the author's; a file that holds fewer was cut.
 */
export async function* exportChainCar(
  store: BlockStore,
  author: PublicKey,
  options: ExportChainOptions,
): AsyncIterable<Uint8Array> {
  const { crypto, signal } = options;
  // Counted before the head is read: every block counted lies at or below that head, so what is announced is given.
  const blocks = await store.count(author);
  const head = await lenientHead(store, author);
  const proofs = await store.proofs(author);
  const root = encodeCanonical({
    format: CHAIN_CAR_FORMAT,
    author,
    head: head.block?.id ?? null,
    blocks,
    proofs: proofs.length,
  });
  const rootId = identify(root, crypto);
  yield encodeCarHeader(rootId);
  yield encodeCarSection({ id: rootId, bytes: root });

  // The chain may grow while it is exported: what was announced is what is given.
  const range = { author, from: 1, to: head.top, size: PAGE };
  const lenient = lenientReads(store);
  for await (const part of readablePages(store, range, { signal })) {
    if ('unreadable' in part) {
      options.onUnreadable?.(part.unreadable);
      continue;
    }
    for (const block of part.page) {
      throwIfAborted(signal);
      for (const one of options.links === true ? [block, ...(await otherHalves(lenient, block))] : [block]) {
        yield encodeCarSection({ id: one.id, bytes: one.coreBytes });
        yield encodeCarSection(signatureSection(one, crypto));
      }
    }
  }
  for (const proof of proofs) {
    if (!isReadable(proof, crypto)) continue;
    yield encodeCarSection({ id: identify(proof, crypto), bytes: proof });
  }
}

function isReadable(proof: Uint8Array, crypto: Pick<Crypto, 'sha256'>): boolean {
  try {
    decodeFraudProof(proof, crypto);
    return true;
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return false;
  }
}

/** Blocks of other chains that answer the block or are answered by it. */
async function otherHalves(store: BlockStore, block: HalfBlock): Promise<readonly HalfBlock[]> {
  const { key, link } = block.core;
  const halves = link === null ? await answersOf(store, block) : [await store.get(link)];
  // The author's own come at their place: twice they would hide that another one is missing.
  return halves.flatMap((half) => (half === undefined || equalBytes(half.core.key, key) ? [] : [half]));
}

/** What a chain's CAR file holds, piece by piece. */
export type ChainCarItem =
  | {
      readonly kind: 'chain';
      readonly author: PublicKey;
      readonly head: BlockId | null;
      readonly blocks: number;
    }
  | { readonly kind: 'block'; readonly block: HalfBlock }
  | { readonly kind: 'proof'; readonly proof: FraudProof };

/** What the root of a file announces. */
interface Announced {
  readonly author: PublicKey;
  readonly head: BlockId | null;
  readonly blocks: number;
  readonly proofs: number;
}

const isCount = (value: TxValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function announced(value: TxValue): Announced {
  const {
    format,
    author,
    head,
    blocks,
    // Files of before this was announced have no such field.
    proofs = 0,
  } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [key: string]: TxValue;
  };
  const headId = head === null ? null : blockIdOf(head);
  if (
    format !== CHAIN_CAR_FORMAT ||
    !(author instanceof Uint8Array) ||
    author.length !== 32 ||
    headId === undefined ||
    !isCount(blocks) ||
    !isCount(proofs)
  ) {
    throw new CarError('ERR_CAR_FORMAT', `The root is not of the format ${CHAIN_CAR_FORMAT}`);
  }
  return { author: publicKey(author), head: headId, blocks, proofs };
}

/** Counts what a file holds of what its root announces. */
function inventory(root: Announced): {
  block(block: HalfBlock): void;
  proof(proof: FraudProof): void;
  /** Throws `ERR_CAR_INCOMPLETE` when something is missing. */
  expectComplete(): void;
} {
  let blocks = 0;
  let proofs = 0;
  let headSeen = root.head === null;
  return {
    block({ id, core }) {
      if (!equalBytes(core.key, root.author)) return;
      blocks += 1;
      if (root.head !== null && equalBytes(id.bytes, root.head.bytes)) headSeen = true;
    },
    proof({ author }) {
      if (equalBytes(author, root.author)) proofs += 1;
    },
    expectComplete() {
      if (blocks >= root.blocks && proofs >= root.proofs && headSeen) return;
      const head = headSeen ? '' : ', and not the head';
      throw new CarError(
        'ERR_CAR_INCOMPLETE',
        `The file announces ${root.blocks} blocks of the chain and ${root.proofs} proofs, and holds ${blocks} and ${proofs}${head}: it was cut, export the chain again`,
        { details: { announced: root.blocks, blocks, proofs } },
      );
    },
  };
}

function sectionValue(id: BlockId, bytes: Uint8Array): TxValue {
  try {
    return decodeCanonical(bytes);
  } catch (cause) {
    throw new CarError('ERR_CAR_FORMAT', `Section ${id} is not canonical dag-cbor`, { cause });
  }
}

/**
 * Reads an exported chain, checking every hash and the form of every block; signatures are left to whoever takes the
 * blocks in, those of proofs are verified here; whether the blocks of a `slot` carry one is for the rules to say. The first item is the chain. That the file holds all that its root
 * announces is known at its end: `ERR_CAR_INCOMPLETE` comes after the last item. Throws a {@link CarError}
 * (`ERR_CAR_FORMAT` for a file of another form), `ERR_BLOCK_*`, `ERR_FRAUD_*`, `ERR_ABORTED`.
 *
 * @param source - The CAR file in pieces of any length, as a file stream gives them.
 */
export async function* readChainCar(
  source: AsyncIterable<Uint8Array>,
  crypto: Crypto,
  options: AbortOptions = {},
): AsyncIterable<ChainCarItem> {
  const cores = new Map<string, Uint8Array>();
  let root: BlockId | undefined;
  let held: ReturnType<typeof inventory> | undefined;
  for await (const { id, bytes } of readCarSections(source, crypto, options)) {
    if (root === undefined) {
      root = id;
      continue;
    }
    const value = sectionValue(id, bytes);
    if (held === undefined) {
      if (blockKey(id) !== blockKey(root)) throw new CarError('ERR_CAR_FORMAT', 'The root must come first');
      const chain = announced(value);
      held = inventory(chain);
      yield { kind: 'chain', author: chain.author, head: chain.head, blocks: chain.blocks };
    } else if (Array.isArray(value)) {
      const [core, signature] = value as readonly TxValue[];
      const coreId = blockIdOf(core);
      const coreBytes = coreId && cores.get(blockKey(coreId));
      if (coreId === undefined || coreBytes === undefined || !(signature instanceof Uint8Array)) {
        throw new CarError(
          'ERR_CAR_INCOMPLETE',
          `Section ${id} signs a core that the file does not hold before it`,
        );
      }
      cores.delete(blockKey(coreId));
      const block = assembleHalfBlock(decodeCore(coreBytes), coreBytes, coreId, signature);
      held.block(block);
      yield { kind: 'block', block };
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'kind')) {
      const proof = verifyProofSignatures(decodeFraudProof(bytes, crypto), crypto);
      held.proof(proof);
      yield { kind: 'proof', proof };
    } else {
      cores.set(blockKey(id), bytes);
      if (cores.size > MAX_UNSIGNED)
        throw new CarError('ERR_CAR_FORMAT', 'Cores are followed by their signatures');
    }
  }
  if (held === undefined) throw new CarError('ERR_CAR_INCOMPLETE', 'The file ends before its root');
  if (cores.size > 0)
    throw new CarError('ERR_CAR_INCOMPLETE', `${cores.size} cores have no signature in the file`);
  held.expectComplete();
}

/** What {@link importChainCar} took in. */
export interface ImportReport {
  readonly author: PublicKey;
  /** Blocks in the file, and how many of them were new. */
  readonly blocks: number;
  readonly added: number;
  readonly proofs: number;
}

/** Takes in a proof that receiving its blocks does not show; one that no rule here can judge is left. */
async function accuse(chain: Pick<Trustchain, 'accuse'>, { blocks }: FraudProof): Promise<void> {
  const [first, second] = blocks;
  if (first === undefined || second === undefined) return;
  try {
    await chain.accuse(first, second);
  } catch (error) {
    if (!isEdmpError(error, 'ERR_FRAUD_UNKNOWN')) throw error;
  }
}

/**
 * Takes an exported chain in, through the same verification as blocks from the network. Throws what
 * {@link readChainCar} (`ERR_CAR_INCOMPLETE` among it) and `Trustchain.receive` throw; what came before the fault stays.
 *
 * @param source - The CAR file in pieces of any length, as a file stream gives them.
 * @param options - `crypto` verifies; `signal` ends the reading, and what came before stays.
 */
export async function importChainCar(
  chain: Pick<Trustchain, 'receive' | 'store' | 'accuse'>,
  source: AsyncIterable<Uint8Array>,
  options: AbortOptions & { readonly crypto: Crypto },
): Promise<ImportReport> {
  let author: PublicKey | undefined;
  let blocks = 0;
  let added = 0;
  let proofs = 0;
  let pending: Promise<{ readonly added: boolean }>[] = [];
  const settle = async (): Promise<void> => {
    for (const result of await Promise.all(pending)) if (result.added) added += 1;
    pending = [];
  };
  try {
    for await (const item of readChainCar(source, options.crypto, options)) {
      throwIfAborted(options.signal);
      if (item.kind === 'chain') {
        author = item.author;
      } else if (item.kind === 'proof') {
        proofs += 1;
        for (const block of item.proof.blocks) pending.push(chain.receive(block.bytes));
        if (item.proof.kind === 'slot') await accuse(chain, item.proof);
      } else {
        blocks += 1;
        pending.push(chain.receive(item.block.bytes));
      }
      if (pending.length >= PAGE) await settle();
    }
    await settle();
  } finally {
    await Promise.allSettled(pending);
  }
  if (author === undefined) throw new CarError('ERR_CAR_INCOMPLETE', 'The file holds no chain');
  return { author, blocks, added, proofs };
}
