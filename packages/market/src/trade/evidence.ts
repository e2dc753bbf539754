import type { HalfBlock, IncomingRequest } from '@edmp/interface';
import { equalBytes, isEdmpError, singleFrame } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import { MarketError } from '../errors.ts';
import { COMPLAINT_TYPE, decodeComplaintTx, MAX_PROOF_BYTES } from './blocks.ts';
import { decodeEvidenceRequest, EVIDENCE_PROTOCOL, encodeEvidenceRequest } from './messages.ts';

/** Proofs that one peer may ask for. */
const RATE = { burst: 50, perSecond: 1 };

/**
 * Fetches and serves the proofs that complaints only name, because they open readings. Only the parties of the trade
 * are told: the proof of a wrong chunk contains that chunk.
 */
export interface EvidenceExchange {
  handle(request: IncomingRequest): Promise<Uint8Array>;
  /** Fetches the proof of a complaint against this node. */
  onBlock(block: HalfBlock): void;
}

/** The evidence exchange of one market. */
export function evidenceExchange(context: MarketContext): EvidenceExchange {
  const { crypto, ledger, network, selfHex } = context;
  const rate = tokenBuckets(RATE, context.environment.now);
  return {
    async handle({ from, body }) {
      const digest = decodeEvidenceRequest(body);
      const proof = rate.take(hex(from)) ? ledger.evidence(digest) : undefined;
      const party = ledger.tradesOf(from).some(({ blocks }) => {
        const named = blocks.complaint?.tx.digest;
        return named !== undefined && equalBytes(named, digest);
      });
      if (proof === undefined || !party) {
        throw new MarketError('ERR_MARKET_UNKNOWN', 'No proof under this digest is for you');
      }
      return proof;
    },
    onBlock(block) {
      if (block.core.type !== COMPLAINT_TYPE || block.core.peer === null || hex(block.core.peer) !== selfHex)
        return;
      context.background('fetching the proof of a complaint', async () => {
        const complaint = decodeComplaintTx(block.core.tx, crypto);
        if (complaint.proof !== null || ledger.evidence(complaint.digest) !== undefined) return;
        try {
          const proof = await singleFrame(
            network.request(block.core.key, EVIDENCE_PROTOCOL, encodeEvidenceRequest(complaint.digest), {
              signal: context.signal,
              maxFrameBytes: MAX_PROOF_BYTES,
            }),
          );
          if (equalBytes(crypto.sha256(proof), complaint.digest)) ledger.addEvidence(proof);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          // The money stays held until the buyer shows its proof.
        }
      });
    },
  };
}
