/** Steps of a fake trade: who signs which block. */
export const STEPS: readonly (readonly [
  name: string,
  signedBy: 'seller' | 'buyer' | null,
  type: string | null,
])[] = [
  ['trade-proposal', 'seller', 'market/trade'],
  ['trade-agreement', 'buyer', 'market/trade'],
  ['release-proposal', 'seller', 'market/release'],
  ['release-agreement', 'buyer', 'market/release'],
];
/** State after each step. */
export const STATES: readonly string[] = ['fetching', 'held', 'opening', 'completed'];
/** What each state means. */
export const STATE_TEXT: Readonly<Record<string, string>> = {
  proposing: 'The terms are with the seller; nothing is held.',
  fetching: 'The sealed data is being fetched; nothing is held yet.',
  held: 'The money is held.',
  opening: 'The data is being opened.',
  completed: 'The data was delivered and is paid.',
  failed: 'The deal ended before this side gave anything.',
};
