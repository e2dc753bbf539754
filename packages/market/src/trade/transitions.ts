import { BUYER_ROWS } from './buyer-rows.ts';
import { SELLER_ROWS } from './seller-rows.ts';
import type { TradeSituation } from './situation.ts';
import type { TradeAction, TradeTransition } from './transition.ts';

/** The trade protocol as a table (DESIGN §4.3): of the rows for a role and state, the first that holds is taken. */
export const TRADE_TRANSITIONS: readonly TradeTransition[] = [...BUYER_ROWS, ...SELLER_ROWS];

/** Actions that only wait for others: they are called off when another row applies meanwhile. */
const INTERRUPTIBLE: ReadonlySet<TradeAction> = new Set<TradeAction>([
  'certify',
  'show',
  'complain',
  'ask',
  'acknowledge',
  'hand',
]);

/** Whether an action may be called off half way. */
export function isInterruptible(action: TradeAction): boolean {
  return INTERRUPTIBLE.has(action);
}

const rowsOf: ReadonlyMap<string, readonly TradeTransition[]> = byRoleAndState(TRADE_TRANSITIONS);

function byRoleAndState(table: readonly TradeTransition[]): Map<string, TradeTransition[]> {
  const found = new Map<string, TradeTransition[]>();
  for (const row of table) {
    const name = `${row.role} ${row.from}`;
    const rows = found.get(name);
    if (rows === undefined) found.set(name, [row]);
    else rows.push(row);
  }
  return found;
}

/** The row that applies, or undefined when there is nothing to do but wait. */
export function nextTransition(situation: TradeSituation): TradeTransition | undefined {
  return rowsOf.get(`${situation.role} ${situation.state}`)?.find((row) => row.test(situation));
}

/** The table as text, one row a line. */
export function formatTransitions(): string {
  const rows = TRADE_TRANSITIONS.map((row) => [row.role, row.from, row.when, row.action, row.to]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
