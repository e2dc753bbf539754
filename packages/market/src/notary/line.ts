import { type AbortOptions, isEdmpError, type Network, type PublicKey, singleFrame } from '@edmp/interface';
import { MarketError } from '../errors.ts';
import { decodeNotaryAnswer, type NotaryAnswer } from './answers.ts';
import type { Directory } from './directory.ts';
import { MAX_ANSWER_BYTES, NOTARY_PROTOCOL } from './limits.ts';
import { encodeNotaryRequest, type NotaryRequest } from './messages.ts';

/** Options of {@link NotaryLine.ask}. */
export interface AskOptions extends AbortOptions {
  /** Longest wait for the answer, ms. Default 10 000. */
  readonly timeoutMs?: number;
}

/** Asks whoever serves a statement key, in this process or over the network. */
export class NotaryLine {
  readonly #network: Network;
  readonly #directory: Directory;

  constructor(network: Network, directory: Directory) {
    this.#network = network;
    this.#directory = directory;
  }

  /** The node that asks. */
  get self(): PublicKey {
    return this.#network.self;
  }

  /**
   * One request, one answer. Throws `ERR_NOTARY_UNKNOWN` (retryable) when nobody is known that serves the key, the
   * network's errors, and `ERR_MARKET_FORMAT` for an answer that cannot be read.
   */
  async ask(
    key: PublicKey,
    request: Exclude<NotaryRequest, { kind: 'who' }>,
    options: AskOptions = {},
  ): Promise<NotaryAnswer> {
    const body = encodeNotaryRequest(request);
    const local = this.#directory.local(key);
    if (local !== undefined) return decodeNotaryAnswer(await local.answer(body, this.#network.self));
    const node = await this.#directory.find(key, options);
    if (node === undefined) {
      throw new MarketError(
        'ERR_NOTARY_UNKNOWN',
        'No connected node has proven that it serves the statement key; connect to it',
        { retryable: true },
      );
    }
    try {
      const frames = this.#network.request(node, NOTARY_PROTOCOL, body, {
        timeoutMs: options.timeoutMs ?? 10_000,
        maxFrameBytes: MAX_ANSWER_BYTES,
        signal: options.signal,
      });
      return decodeNotaryAnswer(await singleFrame(frames));
    } catch (error) {
      // The key may have moved: the node is asked whom it serves now, before the next try.
      if (isEdmpError(error, 'ERR_NETWORK_REMOTE') && error.details.code === 'ERR_NOTARY_UNKNOWN') {
        await this.#directory.ask(node, options);
      }
      throw error;
    }
  }
}
