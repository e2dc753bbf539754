import type { CurveView, ListingView, TradeView } from '../service.ts';
import type { Who } from './ladder.ts';
import { drawLoadCurve } from './load-curve.ts';
import type { DemoFindings } from './report.ts';

/** What a listing tells everybody. */
export function publicPart({ descriptor }: ListingView): string {
  return `${descriptor.commodity} ${descriptor.flow}, ${descriptor.from}, 15 min, cell ${descriptor.cell ?? 'withheld'}, ${descriptor.household?.kind ?? 'household withheld'}, ${descriptor.attestation}`;
}

const RUNGS: Readonly<Record<string, readonly [who: Who, title: string]>> = {
  negotiation: ['buyer', 'writes to the seller straight'],
  'trade-proposal': ['seller', 'agrees, seals the data for this deal'],
  signing: ['buyer', 'has all ciphertext, checked'],
  certifying: ['buyer', 'signs; asks the notary to certify'],
  'trade-agreement': ['buyer', 'the money is held'],
  'release-proposal': ['seller', 'shows the key: witness first, then buyer'],
  'release-agreement': ['buyer', 'receipt: payment and licence are final'],
};

/** What each step leaves behind for others to check. */
function proofOf(step: TradeView['steps'][number]): string {
  if (step.block !== null)
    return `half block ${step.block.slice(0, 24)}… signed by the ${step.signedBy ?? 'other side'}`;
  return '';
}

/** The steps of a trade as rungs. */
export function printTrade(
  trade: TradeView,
  bidAt: number,
  rung: (name: string, who: Who, title: string, ms: number, detail: string) => void,
): void {
  let before = bidAt;
  for (const step of trade.steps) {
    const [who, title] = RUNGS[step.name] ?? ['demo', step.name];
    const at = Math.max(before, step.at ?? before);
    rung(step.name, who, title, at - before, proofOf(step));
    before = at;
  }
}

/** What was found when all was checked again from the files. */
export function checkedText(done: DemoFindings): string {
  const { blocks, certificates, witnesses, sumsToZero } = done;
  const signers = witnesses.map((key) => `${key.slice(0, 16)}…`).join(', ');
  return [
    `${blocks} half blocks, ${certificates} ${certificates === 1 ? 'certificate' : 'certificates'}: ${done.chainsValid ? 'every signature, link and hash valid' : 'NOT VALID'}`,
    `certified by the ${sumsToZero === null ? 'witness' : 'notary'} ${signers || '(nobody)'}`,
    ...(sumsToZero === null
      ? []
      : [
          `all accounts of ${done.currency} together: ${sumsToZero ? 'zero, nothing was made up' : 'NOT ZERO'}`,
        ]),
  ].join('\n');
}

/** What the two own before and after. */
export function balancesText(done: DemoFindings): string {
  const { currency, sellerEarned } = done;
  const earned = sellerEarned === null || sellerEarned === 0 ? '' : ` (${sellerEarned} earned)`;
  const line = (before: number | null, after: number | null): string =>
    `${before ?? '?'} → ${after ?? 'gone'} ${currency}`;
  return `Balances   seller ${line(done.sellerBefore, done.sellerAfter)}${earned}    buyer ${line(done.buyerBefore, done.buyerAfter)}\n`;
}

/** The curve and the balances. */
export function endText(done: DemoFindings, curve: CurveView, day: string): string {
  return [
    `\nWhat the buyer sees now (average power, ${day}):\n`,
    drawLoadCurve(curve.values, { stepMinutes: 15 }),
    `\n${balancesText(done)}`,
  ].join('\n');
}
