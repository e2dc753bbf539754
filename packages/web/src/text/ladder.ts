import type { TradeStepView, TradeView } from '@edmp/node/client';
import { rung } from './words.ts';

/** How far one step of a deal is. */
export type RungState = 'done' | 'next' | 'later' | 'never';

/** One step of a deal as the page shows it. */
export interface Rung extends TradeStepView {
  readonly state: RungState;
}

/** The steps of a deal that goes well, with who signs each. */
const COURSE: readonly (readonly [name: string, signedBy: TradeStepView['signedBy']])[] = [
  ['trade-proposal', 'seller'],
  ['trade-agreement', 'buyer'],
  ['release-proposal', 'seller'],
  ['release-agreement', 'buyer'],
];

/** What a node tells that is no step of its own: work between two steps, and the ends that the page shows in other words. */
const SILENT = [
  'negotiation',
  'signing',
  'certifying',
  'acknowledgement',
  'undecided',
  'returned',
  'lost',
  'failed',
];

/** The steps that were taken, and those still to come; a deal that is over has none to come, only some that never were. */
export function ladderOf(trade: TradeView): readonly Rung[] {
  const taken = trade.steps
    .filter((step) => step.at !== null && !SILENT.includes(step.name))
    .map((step): Rung => ({ ...step, state: 'done' }));
  const missing = COURSE.filter(([name]) => !taken.some((step) => step.name === name));
  if (trade.final && trade.failed === null) return taken;
  return [
    ...taken,
    ...missing.map(
      ([name, signedBy], index): Rung => ({
        name,
        at: null,
        block: null,
        signedBy,
        state: trade.final ? 'never' : index === 0 ? 'next' : 'later',
      }),
    ),
  ];
}

/** What happened last in a deal, in one sentence. */
export function newsOf(trade: TradeView): string {
  const deal = trade.role === 'seller' ? 'Your sale' : 'Your purchase';
  if (trade.failed !== null) return `${deal} did not happen: ${trade.failed}`;
  if (trade.final) return `${deal} is done`;
  const last = ladderOf(trade).findLast((step) => step.state === 'done');
  return last === undefined ? `${deal} has begun` : `${deal}: ${rung(last.name, trade.role).title}`;
}
