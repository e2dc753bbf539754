/** What a fake deal says of each of its states. */
export const STATE_TEXT: Readonly<Record<string, string>> = {
  proposing: 'The terms are with the seller; nothing is held.',
  fetching: 'The sealed data is being fetched; nothing is held yet.',
  held: 'The money is held.',
  opening: 'The data is being opened.',
  completed: 'The data was delivered and is paid.',
  failed: 'The deal ended before this side gave anything.',
};
