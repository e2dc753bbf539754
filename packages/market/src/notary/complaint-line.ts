import type { PublicKey, Signer } from '@edmp/interface';
import { xWingKem } from '@edmp/interface/hpke';
import type { Spending } from '../blocks/spending.ts';
import { decodeCanonical, encodeCanonical } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { type NotaryAnswer, type SignedProof, signedProofOf } from './answers.ts';
import {
  complaintBinding,
  keptBinding,
  keptRequestMessage,
  openSealed,
  type SealNeeds,
  sealingKeyMessage,
  sealTo,
} from './complaint-seal.ts';
import { MAX_ANSWER_BYTES } from './limits.ts';
import type { AskOptions, NotaryLine } from './line.ts';
import { type ComplaintEvidence, complaintToTx, type NotaryRequest } from './messages.ts';

/** A complaint for one witness, as it is before it is sealed. */
export interface OpenComplaint
  extends Pick<Extract<NotaryRequest, { kind: 'complain' }>, 'evidence' | 'refunds'> {
  readonly complaint: ComplaintEvidence;
}

/**
 * Brings complaints to witnesses, and kept ones to sellers, sealed: they may open data, and the connection alone would not
 * keep them closed for good.
 */
export class ComplaintLine {
  readonly #line: NotaryLine;
  readonly #needs: SealNeeds;

  constructor(line: NotaryLine, needs: SealNeeds) {
    this.#line = line;
    this.#needs = needs;
  }

  /**
   * Shows a complaint to whoever serves a statement key, sealed to a key that this vouches for. Throws what
   * {@link NotaryLine.ask} throws, and `ERR_NOTARY_SEAL` (retryable) when it gives no usable key or cannot open it.
   */
  async complain(key: PublicKey, complaint: OpenComplaint, options: AskOptions = {}): Promise<NotaryAnswer> {
    const { crypto } = this.#needs;
    const { evidence, refunds } = complaint;
    const offered = await this.#line.ask(key, { kind: 'sealing', key }, options);
    if (offered.kind !== 'sealing') return offered;
    const { publicKey, signature } = offered;
    if (!crypto.ed25519Verify(signature, sealingKeyMessage(publicKey), key)) {
      throw new MarketError(
        'ERR_NOTARY_SEAL',
        'The key to seal a complaint to is not signed by the witness: nothing is sent',
        { retryable: true },
      );
    }
    const binding = complaintBinding(crypto, { key, from: this.#line.self, hold: evidence.hold });
    const plain = encodeCanonical(complaintToTx(complaint.complaint));
    const sealed = sealTo(this.#needs, publicKey, binding, plain);
    const sealedTo = crypto.sha256(publicKey);
    const answer = await this.#line.ask(
      key,
      { kind: 'complain', key, evidence, sealedTo, sealed, refunds },
      options,
    );
    if (answer.kind !== 'refused' || answer.code !== 'ERR_NOTARY_SEAL') return answer;
    throw new MarketError('ERR_NOTARY_SEAL', 'The witness could not open the complaint', { retryable: true });
  }

  /**
   * The complaint that is kept about a hold of which this node is the seller, sealed to a key that is made for this one
   * answer; null = none, undefined = no answer now. Throws as {@link ComplaintLine.complain} does.
   */
  async kept(
    key: PublicKey,
    hold: Spending,
    sign: Signer['sign'],
    options: AskOptions = {},
  ): Promise<SignedProof | null | undefined> {
    const { crypto, environment } = this.#needs;
    const secretKey = environment.randomBytes(xWingKem.secretKeyBytes);
    const recipient = xWingKem.publicKey(crypto, secretKey);
    try {
      const signature = await sign(keptRequestMessage(crypto, { key, hold: hold.id.bytes, recipient }));
      const request = { kind: 'complaint', key, hold: hold.id, recipient, signature } as const;
      const answer = await this.#line.ask(key, request, options);
      // Also whoever refuses, or serves the key no longer: that says nothing about what is kept.
      if (answer.kind !== 'complaint') return undefined;
      if (answer.sealed === null) return null;
      const binding = keptBinding({ key, seller: this.#line.self, hold: hold.id.bytes });
      const plain = openSealed(crypto, secretKey, binding, answer.sealed);
      return signedProofOf(decodeCanonical(plain, MAX_ANSWER_BYTES, 'kept complaint'));
    } finally {
      secretKey.fill(0);
    }
  }
}
