import { judgeFalseComplaint, judgeProof } from '@edmp/data-settlement/proof';
import { x25519Suite, xWingSuite } from '@edmp/data-settlement/sealing';
import {
  type Crypto,
  equalBytes,
  type HalfBlock,
  bytesToHex as hexOf,
  type JudgedTrade,
} from '@edmp/interface';
import { displayable } from '@edmp/interface/format';
import { checkHold, ordersCross, receiptOf, unlockKey } from '@edmp/market/codec';
import { currencyName } from '@edmp/market/ledger';
import { type Certificate, verifyCertificate } from '@edmp/market/notary';
import { absent, brokenChecks, check, type DealCheck, expectThat, needed } from './check.ts';
import { DEAL_BLOCKS, type DealComplaint, type DealFile, type DealLie, decodeDealFile } from './deal-file.ts';
import { DealParts, sameId, shortKey } from './deal-parts.ts';

/** What became of a deal's money, as far as its file shows. */
export type DealOutcome = 'paid' | 'refund' | 'none' | 'receipt' | 'open' | 'unpaid';

/** A deal in a few facts, all from signed blocks. */
export interface DealFacts {
  /** Hex of SHA-256 over the terms. */
  readonly trade: string;
  /** Public keys, hex. */
  readonly seller: string;
  readonly buyer: string;
  readonly asset: string;
  /** What the seller called the data; safe to show. */
  readonly title: string;
  readonly quantity: number;
  /** Minor units. */
  readonly amount: bigint;
  /** Name of the currency for people. */
  readonly currency: string;
  readonly outcome: DealOutcome;
}

/** What {@link verifyDealFile} found. */
export interface DealReport {
  /** Whether every check passed. */
  readonly valid: boolean;
  /** One sentence for people. */
  readonly summary: string;
  readonly checks: readonly DealCheck[];
  /** The checks that failed by themselves. */
  readonly broken: readonly DealCheck[];
  /** undefined when the file does not even tell what was dealt. */
  readonly deal?: DealFacts;
}

/**
 * Checks a deal file from bytes alone: pure, with no network, clock or key. Never throws; bytes that are no deal file
 * fail the check `file`. Every byte of a file counts: one that is changed fails a check.
 *
 * It shows that what is in the file was signed and fits together, not that it is complete: what was left out of it, it
 * cannot tell.
 *
 * @param bytes of the file; anything may be in them
 * @param options the provider that verifies signatures, e.g. `nodeCrypto()`, in a browser `nobleCrypto()`
 */
export function verifyDealFile(bytes: Uint8Array, options: { readonly crypto: Crypto }): DealReport {
  const { crypto } = options;
  let file: (DealFile & { readonly intact: boolean }) | undefined;
  const first = check('file', () => {
    file = decodeDealFile(bytes, crypto);
    expectThat(file.intact, 'the file was changed after it was written: its sum is wrong');
    return `a deal file of ${bytes.length} bytes, as it was written`;
  });
  if (file === undefined) return reportOf([first], undefined);
  const parts = new DealParts(file, crypto);
  const checks = [
    first,
    checkOrders(parts),
    checkTerms(parts),
    checkPayment(parts, crypto),
    checkKey(parts, crypto),
    checkReceipt(parts),
    checkOutcome(parts, crypto),
    ...(file.complaint === null ? [] : [checkComplaint(parts, file.complaint, crypto)]),
    ...(file.lie === null ? [] : [checkLie(parts, file.lie, crypto)]),
    checkChains(parts),
  ];
  return reportOf(checks, factsOf(parts));
}

function checkOrders(parts: DealParts): DealCheck {
  return check('orders', () => 'what the two sides published', [
    check('ask', () => {
      const ask = needed(parts.order('ask'), 'the file holds no offer');
      const title = displayable(ask.document?.descriptor.title ?? '', 80);
      return `signed by ${shortKey(ask.owner)}: “${title}”`;
    }),
    check('bid', () => {
      const bid = parts.order('bid');
      return bid === null ? absent('not in the file; the terms name it') : `signed by ${shortKey(bid.owner)}`;
    }),
  ]);
}

function checkTerms(parts: DealParts): DealCheck {
  return check('terms', () => `trade ${parts.proposal().encoded.id}`, [
    check('proposal', () => {
      const { terms } = parts.proposal().encoded;
      return `signed by ${shortKey(terms.seller)} for ${shortKey(terms.buyer)}`;
    }),
    check('agreement', () => {
      const { terms } = parts.proposal().encoded;
      const ask = needed(parts.order('ask'), 'the file holds no offer');
      expectThat(sameId(ask.id, terms.ask), 'the terms name another offer');
      expectThat(equalBytes(ask.owner, terms.seller), 'the offer is not the seller’s');
      expectThat(ask.asset === terms.asset, 'the offer is of other data');
      expectThat(
        ask.price.currency === terms.price.currency &&
          ask.price.amount === terms.price.amount &&
          ask.price.per === terms.price.per,
        'the terms have another price than the offer',
      );
      expectThat(terms.quantity <= ask.quantity, 'the terms sell more licences than the offer');
      const bid = parts.order('bid');
      if (bid !== null) {
        expectThat(sameId(bid.id, terms.bid), 'the terms name another bid');
        expectThat(equalBytes(bid.owner, terms.buyer), 'the bid is not the buyer’s');
        expectThat(ordersCross(ask, bid), 'offer and bid do not fit together');
        expectThat(terms.quantity <= bid.quantity, 'the terms buy more licences than the bid');
      }
      return `${terms.quantity} ${terms.quantity === 1 ? 'licence' : 'licences'} of ${terms.asset}`;
    }),
  ]);
}

function quorumOf(parts: DealParts, certificate: Certificate, crypto: Crypto): string {
  const keys = parts.witnesses();
  expectThat(
    verifyCertificate(certificate, keys as Parameters<typeof verifyCertificate>[1], crypto),
    `not signed by a quorum of the ${keys.length} who decide`,
  );
  return `${certificate.shares.length} of ${keys.length}`;
}

function checkPayment(parts: DealParts, crypto: Crypto): DealCheck {
  const paid = () =>
    parts.hold() === null
      ? absent(`the terms ask ${amountText(parts)}; no payment is in the file`)
      : amountText(parts);
  return check('payment', paid, [
    check('currency', () => {
      const currency = parts.currency();
      const { terms } = parts.proposal().encoded;
      if (currency === null) return `${terms.price.currency}, test money that is worth nothing`;
      const detail = `${currencyName(currency)}, opened by ${shortKey(currency.issuer)}, with ${currency.notaries.length} notaries`;
      const party = ISSUERS.find(({ side }) => equalBytes(terms[side], currency.issuer));
      return party === undefined ? detail : { detail, note: party.note };
    }),
    check('hold', () => {
      const hold = parts.hold();
      if (hold === null) return absent('no payment is in the file');
      checkHold(hold, parts.proposal());
      return `signed by ${shortKey(hold.author)}, number ${hold.money.n} of its account`;
    }),
    check('spend', () => {
      const certificate = parts.certificate('spend');
      const hold = parts.hold();
      if (certificate === null) {
        if (hold === null) return absent('no payment is in the file');
        if (parts.currency() === null) return absent('test money has no notaries');
        expectThat(
          parts.certificate('outcome') === null && parts.release() === null,
          'issued money counts only with its certificate, and the file has none',
        );
        return absent('no certificate is in the file; without one the payment does not count');
      }
      expectThat(
        certificate.kind === 'spend' && hold !== null && sameId(certificate.subject, hold.id),
        'the certificate is not about this payment',
      );
      return `by ${quorumOf(parts, certificate, crypto)} notaries`;
    }),
  ]);
}

/** What it means that a party of the deal opened its currency. */
const ISSUERS = [
  {
    side: 'seller',
    note: 'The seller opened this currency itself: it makes this money, and it chose those who decide whether the payment counts and whether it goes back. What they signed here is only as good as your trust in the seller.',
  },
  {
    side: 'buyer',
    note: 'The buyer opened this currency itself: it paid with money that it makes, and it chose those who decide about the payment. What they signed here is only as good as your trust in the buyer.',
  },
] as const;

function amountText(parts: DealParts): string {
  const { amount } = parts.proposal().encoded.terms;
  return `${amount} ${currencyText(parts)}`;
}

function currencyText(parts: DealParts): string {
  const currency = parts.currency();
  return currency === null ? parts.proposal().encoded.terms.price.currency : currencyName(currency);
}

function checkKey(parts: DealParts, crypto: Crypto): DealCheck {
  const key = () =>
    parts.release() === null
      ? absent('no key is in the file')
      : 'locked in the release, to nobody but the buyer';
  return check('key', key, [
    check('release', () => {
      const release = parts.release();
      if (release === null) return absent('no release is in the file');
      const { terms } = parts.proposal().encoded;
      const hold = needed(parts.hold(), 'there is a release and no money was held');
      expectThat(equalBytes(release.block.core.key, terms.seller), 'the release is not the seller’s');
      const { peer } = release.block.core;
      expectThat(peer !== null && equalBytes(peer, terms.buyer), 'the release is not for the buyer');
      expectThat(sameId(release.tx.hold, hold.id), 'the release is for another payment');
      expectThat(release.tx.suite === terms.suite, 'the key is wrapped otherwise than the terms say');
      return `signed by ${shortKey(terms.seller)} for this payment`;
    }),
    check('acks', () => {
      const certificate = parts.certificate('acks');
      if (certificate === null) return absent('no acknowledgement is in the file');
      const hold = parts.hold();
      const release = parts.release();
      expectThat(
        certificate.kind === 'ack' &&
          hold !== null &&
          release !== null &&
          certificate.extra !== null &&
          sameId(certificate.subject, hold.id) &&
          sameId(certificate.extra, release.block.id),
        'the acknowledgement is not about this release',
      );
      return `in time, say ${quorumOf(parts, certificate, crypto)} witnesses`;
    }),
  ]);
}

function checkReceipt(parts: DealParts): DealCheck {
  return check('receipt', () => {
    const block = parts.block('receipt');
    if (block === null) return absent('no receipt is in the file');
    const { terms } = parts.proposal().encoded;
    const hold = needed(parts.hold(), 'there is a receipt and no money was held');
    const release = needed(parts.release(), 'there is a receipt and no key was released');
    expectThat(equalBytes(block.core.key, terms.buyer), 'the receipt is not the buyer’s');
    expectThat(sameId(receiptOf(block), hold.id), 'the receipt is for another payment');
    expectThat(
      block.core.link !== null && sameId(block.core.link, release.block.id),
      'the receipt answers another release',
    );
    return `signed by ${shortKey(terms.buyer)}: the data opens and is what was promised`;
  });
}

const DECISIONS: Readonly<Record<string, string>> = {
  paid: 'paid to the seller',
  refund: 'given back to the buyer: a complaint was founded',
  none: 'given back to the buyer: no key came in time',
};

function checkOutcome(parts: DealParts, crypto: Crypto): DealCheck {
  return check('outcome', () => {
    const certificate = parts.certificate('outcome');
    if (certificate !== null) {
      const hold = parts.hold();
      const decision = DECISIONS[certificate.kind];
      expectThat(
        decision !== undefined && hold !== null && sameId(certificate.subject, hold.id),
        'the decision is not about this payment',
      );
      return `${decision}, decided by ${quorumOf(parts, certificate, crypto)}`;
    }
    switch (outcomeOf(parts)) {
      case 'unpaid':
        return absent('no payment is in the file');
      case 'receipt':
        return 'paid to the seller by the buyer’s receipt';
      default:
        return absent('no decision is in the file');
    }
  });
}

function outcomeOf(parts: DealParts): DealOutcome {
  const certificate = parts.certificate('outcome');
  if (certificate?.kind === 'paid' || certificate?.kind === 'refund' || certificate?.kind === 'none') {
    return certificate.kind;
  }
  if (parts.hold() === null) return 'unpaid';
  // A receipt for a release that no quorum took pays nobody; in issued money it pays nobody at all (DESIGN §4.4.4).
  const pays =
    parts.block('receipt') !== null &&
    parts.currency() === null &&
    (parts.witnesses().length === 0 || parts.certificate('acks') !== null);
  return pays ? 'receipt' : 'open';
}

/** What a complaint is judged by, all of it signed; throws what does not fit. */
function factsOfComplaint(
  parts: DealParts,
  { recipientKey, opener }: DealComplaint,
  crypto: Crypto,
): JudgedTrade {
  const { encoded, root } = parts.proposal();
  const { terms, digest } = encoded;
  const document = needed(parts.order('ask')?.document, 'the file holds no offer');
  const release = needed(parts.release(), 'there is a complaint and no key was released');
  expectThat(
    equalBytes(crypto.sha256(recipientKey), terms.recipient),
    'the one-time key is not the one that the terms name',
  );
  const wrappedKey = needed(unlockKey(release.tx, opener, crypto), 'the opener does not open the release');
  return {
    tradeId: digest,
    asset: terms.asset,
    suite: terms.suite,
    seller: terms.seller,
    buyer: terms.buyer,
    recipientKey,
    document,
    settlementRoot: root,
    wrappedKey,
  };
}

/** What was agreed on is judged by, whatever this node would agree on itself. */
const SUITES = [xWingSuite, x25519Suite];

function checkComplaint(parts: DealParts, complaint: DealComplaint, crypto: Crypto): DealCheck {
  return check('complaint', () => {
    const facts = factsOfComplaint(parts, complaint, crypto);
    const judgement = judgeProof(crypto, facts, complaint.proof, SUITES);
    expectThat(judgement.guilty, `unfounded: ${judgement.reason}`);
    return `founded: ${judgement.reason}`;
  });
}

function checkLie(parts: DealParts, { proof, signature, ...lie }: DealLie, crypto: Crypto): DealCheck {
  return check('lie', () => {
    const trade = factsOfComplaint(parts, { ...lie, proof }, crypto);
    const judgement = judgeFalseComplaint({ crypto, suites: SUITES }, { trade, signature, proof });
    expectThat(judgement.guilty, `shows no lie: ${judgement.reason}`);
    return `${shortKey(trade.buyer)} signed it, and it is not true: ${judgement.reason}`;
  });
}

/** Along one author's chain numbers are unique, neighbours are linked and time does not run backwards. */
function checkChains(parts: DealParts): DealCheck {
  return check('chains', () => {
    const blocks = DEAL_BLOCKS.flatMap((name) => parts.block(name) ?? []);
    const sorted = blocks.toSorted((a, b) => a.core.seq - b.core.seq);
    for (const [at, block] of sorted.entries()) {
      const before = sorted.slice(0, at).findLast(({ core }) => equalBytes(core.key, block.core.key));
      if (before !== undefined) checkNeighbours(before, block);
    }
    return `${blocks.length} blocks, each with its author’s signature, none against another`;
  });
}

function checkNeighbours(before: HalfBlock, block: HalfBlock): void {
  const where = `of ${shortKey(block.core.key)}`;
  expectThat(before.core.seq !== block.core.seq, `two blocks ${where} have one number: its chain is forked`);
  expectThat(before.core.time <= block.core.time, `the blocks ${where} run backwards in time`);
  if (block.core.seq === before.core.seq + 1) {
    expectThat(
      block.core.prev !== null && sameId(block.core.prev, before.id),
      `two neighbours ${where} are not linked: its chain is forked`,
    );
  }
}

function factsOf(parts: DealParts): DealFacts | undefined {
  try {
    const { encoded } = parts.proposal();
    const { terms } = encoded;
    return {
      trade: encoded.id,
      seller: hexOf(terms.seller),
      buyer: hexOf(terms.buyer),
      asset: terms.asset,
      title: displayable(parts.order('ask')?.document?.descriptor.title ?? '', 80),
      quantity: terms.quantity,
      amount: terms.amount,
      currency: currencyText(parts),
      outcome: outcomeOf(parts),
    };
  } catch {
    // The check of the part says what is wrong with it.
    return undefined;
  }
}

const SUMMARIES: Readonly<Record<DealOutcome, string>> = {
  paid: 'was delivered and is paid',
  receipt: 'was delivered and is paid',
  refund: 'was not as promised, and the money went back',
  none: 'was not delivered in time, and the money went back',
  unpaid: 'is offered here; no payment is in this file',
  open: 'has a payment here; no decision about it is in this file',
};

function reportOf(checks: readonly DealCheck[], deal: DealFacts | undefined): DealReport {
  const broken = brokenChecks(checks);
  const valid = broken.length === 0;
  const first = broken[0];
  const summary =
    first !== undefined
      ? `Do not rely on this file: “${first.label}” is broken: ${first.detail}`
      : deal === undefined
        ? 'Do not rely on this file: it tells no deal'
        : `Everything fits: “${deal.title}” ${SUMMARIES[deal.outcome]} (${deal.amount} ${deal.currency})`;
  return {
    valid: valid && deal !== undefined,
    summary,
    checks,
    broken,
    ...(deal === undefined ? {} : { deal }),
  };
}
