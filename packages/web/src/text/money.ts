/** How amounts of one currency are written. */
export interface CurrencyStyle {
  readonly id: string;
  /** What stands behind an amount; default the id. */
  readonly symbol?: string;
  /** Number of decimals. */
  readonly precision: number;
}

const LARGEST = 2n ** 63n - 1n;

/** Minor units as text for people, e.g. 1050 with two decimals → `10.50 MB`. */
export function formatMoney(amount: bigint, currency: CurrencyStyle): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(currency.precision + 1, '0');
  const whole = digits.slice(0, digits.length - currency.precision).replace(/\B(?=(\d{3})+$)/g, '\u2009');
  const decimals = currency.precision === 0 ? '' : `.${digits.slice(-currency.precision)}`;
  return `${amount < 0n ? '\u2212' : ''}${whole}${decimals}\u00a0${currency.symbol ?? currency.id}`;
}

/** Minor units of what a person typed; undefined unless it is a positive amount with at most the currency's decimals. */
export function parseMoney(text: string, precision: number): bigint | undefined {
  const match = /^(\d{1,19})(?:[.,](\d*))?$/.exec(text.trim());
  const [, whole = '', decimals = ''] = match ?? [];
  if (match === null || decimals.length > precision) return undefined;
  const amount = BigInt(whole + decimals.padEnd(precision, '0'));
  return amount > 0n && amount <= LARGEST ? amount : undefined;
}
