import { type HalfBlockCore, REFUSAL_TYPE, WITHDRAWAL_TYPE } from '@edmp/interface';
import { BlockError, type BlockErrorCode } from './errors.ts';
import { MAX_TYPE_BYTES } from './limits.ts';

/** Types that passed before: a node meets few, very often. */
const KNOWN_TYPES = new Set<string>();
const MAX_KNOWN_TYPES = 256;
const TYPE_FORM = /^[a-z0-9/_.-]+$/;

const refuse = (code: BlockErrorCode, message: string): never => {
  throw new BlockError(code, message);
};

/**
 * Whether `type` is an application type: 1 to 64 bytes of `[a-z0-9/_.-]`.
 *
 * @example
 * ```ts
 * import { isBlockType } from '@edmp/trustchain/block';
 *
 * console.log(isBlockType('market/ask'), isBlockType('Market Ask')); // true false
 * ```
 */
export function isBlockType(type: string): boolean {
  if (KNOWN_TYPES.has(type)) return true;
  if (type.length > MAX_TYPE_BYTES || !TYPE_FORM.test(type)) return false;
  if (KNOWN_TYPES.size < MAX_KNOWN_TYPES) KNOWN_TYPES.add(type);
  return true;
}

/**
 * Checks the fields that can be judged without any other block (DESIGN §3.1, §3.2). Throws a {@link BlockError}:
 * `ERR_BLOCK_VERSION`, `ERR_BLOCK_KEY`, `ERR_BLOCK_SEQUENCE`, `ERR_BLOCK_PREVIOUS`, `ERR_BLOCK_LINK`, `ERR_BLOCK_TYPE`, `ERR_BLOCK_TIME`.
 */
export function checkCoreFields(core: HalfBlockCore): void {
  const version: unknown = core.v;
  if (version !== 1) refuse('ERR_BLOCK_VERSION', `Expected format version 1, got ${String(version)}`);
  if (!(core.key instanceof Uint8Array) || core.key.length !== 32) {
    refuse('ERR_BLOCK_KEY', `The author's key must have 32 bytes, got ${core.key?.length}`);
  }
  if (!Number.isSafeInteger(core.seq) || core.seq < 1) {
    refuse('ERR_BLOCK_SEQUENCE', `Positions lie in 1 to 2^53-1, got ${core.seq}`);
  }
  if ((core.prev === null) !== (core.seq === 1)) {
    refuse(
      'ERR_BLOCK_PREVIOUS',
      core.prev === null
        ? `Position ${core.seq} must link to its previous block`
        : 'Position 1 has no previous block to link to',
    );
  }
  if (core.peer !== null && (!(core.peer instanceof Uint8Array) || core.peer.length !== 32)) {
    refuse('ERR_BLOCK_KEY', `The counterparty's key must have 32 bytes, got ${core.peer?.length}`);
  }
  if (typeof core.type !== 'string' || !isBlockType(core.type)) {
    refuse(
      'ERR_BLOCK_TYPE',
      `A type is 1 to ${MAX_TYPE_BYTES} characters of [a-z0-9/_.-], got ${JSON.stringify(core.type).slice(0, 80)}`,
    );
  }
  const ending = core.type === REFUSAL_TYPE || core.type === WITHDRAWAL_TYPE;
  if (core.link === null && ending) {
    refuse('ERR_BLOCK_LINK', `A block of type ${core.type} must link to the proposal that it ends`);
  }
  if (!Number.isSafeInteger(core.time) || core.time < 0) {
    refuse('ERR_BLOCK_TIME', `Times lie in 0 to 2^53-1 ms, got ${core.time}`);
  }
}
