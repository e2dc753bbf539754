import {
  type Crypto,
  type DatasetDocument,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type JudgedTrade,
  type Judgement,
} from '@edmp/interface';
import { assetIdOf, decodeDatasetDocument, MAX_DOCUMENT_BYTES } from '@edmp/interface/dataset';
import { decodeHalfBlock, MAX_BLOCK_BYTES, verifySignature } from '@edmp/trustchain/block';
import {
  boundedBytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  listOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { judgeProof } from './judge.ts';
import { MAX_PROOF_BYTES } from './proof.ts';

/** Most blocks of one deal file. */
export const MAX_DEAL_BLOCKS = 64;
const MAX_DEAL_BYTES: number =
  MAX_DEAL_BLOCKS * MAX_BLOCK_BYTES + MAX_DOCUMENT_BYTES + MAX_PROOF_BYTES + 4096;

/** Everything about one deal that somebody else can check: no readings, no keys but those on the ledger. */
export interface DealFile {
  /** Canonical dag-cbor of the dataset document. */
  readonly document: Uint8Array;
  /** Signed half blocks, in order: ask, bid, trade pair, release pair, and what else bears on the deal. */
  readonly blocks: readonly Uint8Array[];
  /** Proof of misbehaviour that a complaint among the blocks names; null = none. */
  readonly proof: Uint8Array | null;
}

/** Canonical dag-cbor of a deal file: `{v: 1, kind: "edmp/deal", document, blocks, proof}`. */
export function encodeDealFile(deal: DealFile): Uint8Array {
  return encodeFields({
    v: 1,
    kind: 'edmp/deal',
    document: deal.document,
    blocks: [...deal.blocks],
    proof: deal.proof,
  });
}

/** Decodes a deal file strictly, without judging what is in it. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeDealFile(bytes: Uint8Array): DealFile {
  const value = decodeBounded(bytes, MAX_DEAL_BYTES, 'deal file');
  const map = mapOf(value, ['v', 'kind', 'document', 'blocks', 'proof'], 'deal file');
  integerOf(map.v, 1, 1, 'deal file.v');
  oneOf(map.kind, ['edmp/deal'], 'deal file.kind');
  return {
    document: boundedBytesOf(map.document, MAX_DOCUMENT_BYTES, 'deal file.document', 1),
    blocks: listOf(map.blocks, MAX_DEAL_BLOCKS, 'deal file.blocks').map((block, i) =>
      boundedBytesOf(block, MAX_BLOCK_BYTES, `deal file.block ${i}`, 1),
    ),
    proof: map.proof === null ? null : boundedBytesOf(map.proof, MAX_PROOF_BYTES, 'deal file.proof', 1),
  };
}

/** One thing that was checked. */
export interface DealCheck {
  readonly name: 'document' | 'signatures' | 'links' | 'order' | 'facts' | 'asset' | 'proof';
  readonly passed: boolean;
  /** What was found, in words for people. */
  readonly detail: string;
}

/** What {@link verifyDealFile} found. */
export interface DealReport {
  /** Whether every check passed. */
  readonly valid: boolean;
  readonly checks: readonly DealCheck[];
  readonly document?: DatasetDocument;
  readonly blocks: readonly HalfBlock[];
  /** Facts of the trade as the signed blocks tell them. */
  readonly trade?: JudgedTrade;
  /** Verdict on the proof, when there is one. */
  readonly judgement?: Judgement;
}

/** Options of {@link verifyDealFile}. */
export interface VerifyDealOptions {
  readonly crypto: Crypto;
  /**
   * Reads the facts of the trade out of the signed blocks, by the rules of the application that defines their types;
   * undefined when they do not tell one. May throw: that fails the check `facts`.
   */
  readonly read: (blocks: readonly HalfBlock[], document: DatasetDocument) => JudgedTrade | undefined;
}

const messageOf = (error: unknown): string => (isEdmpError(error) ? error.message : String(error));

function readBlocks(
  crypto: Crypto,
  encoded: readonly Uint8Array[],
): { readonly blocks: readonly HalfBlock[]; readonly check: DealCheck } {
  const blocks: HalfBlock[] = [];
  const problems: string[] = [];
  for (const [i, bytes] of encoded.entries()) {
    try {
      const block = decodeHalfBlock(bytes, crypto);
      if (verifySignature(block, crypto)) blocks.push(block);
      else problems.push(`block ${i} has a wrong signature`);
    } catch (error) {
      problems.push(`block ${i}: ${messageOf(error)}`);
    }
  }
  const detail = problems.length === 0 ? `${blocks.length} signatures are right` : problems.join('; ');
  return { blocks, check: { name: 'signatures', passed: problems.length === 0, detail } };
}

/** Answers must name a proposal in the file that was addressed to their author. */
function checkLinks(blocks: readonly HalfBlock[]): DealCheck {
  const byId = new Map(blocks.map((block) => [block.id.toString(), block]));
  const problems: string[] = [];
  let answers = 0;
  for (const { id, core } of blocks) {
    if (core.link === null) continue;
    answers += 1;
    const proposal = byId.get(core.link.toString());
    if (proposal === undefined) problems.push(`${id} answers a block that is not in the file`);
    else if (proposal.core.peer !== null && !equalBytes(proposal.core.peer, core.key)) {
      problems.push(`${id} answers a proposal that was addressed to somebody else`);
    }
  }
  const detail = problems.length === 0 ? `${answers} answers fit their proposals` : problems.join('; ');
  return { name: 'links', passed: problems.length === 0, detail };
}

/** Along one author's chain, numbers are unique and time does not run backwards. */
function checkOrder(blocks: readonly HalfBlock[]): DealCheck {
  const problems: string[] = [];
  const sorted = [...blocks].sort((a, b) => a.core.seq - b.core.seq);
  for (const [i, block] of sorted.entries()) {
    const before = sorted.slice(0, i).findLast((other) => equalBytes(other.core.key, block.core.key));
    if (before === undefined) continue;
    if (before.core.seq === block.core.seq)
      problems.push(`${before.id} and ${block.id} share a sequence number: a fork`);
    else if (before.core.time > block.core.time) problems.push(`${block.id} is dated before its predecessor`);
  }
  return {
    name: 'order',
    passed: problems.length === 0,
    detail: problems.length === 0 ? 'each chain runs forward' : problems.join('; '),
  };
}

/**
 * Checks a deal file from bytes alone, with no network: encoding, every signature, how answers and proposals hang
 * together, that the blocks and the document speak of one trade, and, if it holds a proof, what that is worth.
 * Reports what fails instead of throwing, except for `ERR_SETTLEMENT_FORMAT` when the bytes are no deal file.
 *
 * It does not show that the file is complete: a later block that is not in it may have changed the outcome.
 */
export function verifyDealFile(bytes: Uint8Array, options: VerifyDealOptions): DealReport {
  const { crypto } = options;
  const deal = decodeDealFile(bytes);
  const checks: DealCheck[] = [];
  let document: DatasetDocument | undefined;
  try {
    document = decodeDatasetDocument(deal.document);
    checks.push({ name: 'document', passed: true, detail: assetIdOf(document, crypto) });
  } catch (error) {
    checks.push({ name: 'document', passed: false, detail: messageOf(error) });
  }
  const { blocks, check } = readBlocks(crypto, deal.blocks);
  checks.push(check, checkLinks(blocks), checkOrder(blocks));
  let trade: JudgedTrade | undefined;
  if (document !== undefined) {
    try {
      trade = options.read(blocks, document);
      const detail = trade === undefined ? 'the blocks tell no trade' : 'the blocks tell one trade';
      checks.push({ name: 'facts', passed: trade !== undefined, detail });
    } catch (error) {
      checks.push({ name: 'facts', passed: false, detail: messageOf(error) });
    }
  }
  if (trade !== undefined && document !== undefined) {
    const asset = assetIdOf(document, crypto);
    const passed = trade.asset === asset;
    checks.push({
      name: 'asset',
      passed,
      detail: passed ? asset : `the trade is about ${trade.asset}, not ${asset}`,
    });
  }
  let judgement: Judgement | undefined;
  if (deal.proof !== null) {
    if (trade === undefined)
      checks.push({ name: 'proof', passed: false, detail: 'no trade to judge the proof against' });
    else {
      judgement = judgeProof(crypto, trade, deal.proof);
      checks.push({ name: 'proof', passed: judgement.kind !== 'malformed', detail: judgement.reason });
    }
  }
  return {
    valid: checks.every(({ passed }) => passed),
    checks,
    blocks,
    ...(document === undefined ? {} : { document }),
    ...(trade === undefined ? {} : { trade }),
    ...(judgement === undefined ? {} : { judgement }),
  };
}
