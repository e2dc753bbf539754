/** What a cheat answers when a node asks for blocks of its chain. */
export type GapAnswer =
  /** The whole branch that this node was shown. */
  | 'branch'
  /** What both branches share. */
  | 'common'
  /** All of the branch but the first block that is not shared. */
  | 'rest'
  /** An empty answer. */
  | 'nothing'
  /** No answer at all: the request stays open. */
  | 'never';

/** Something that happens between the showing of the two branches. */
export type GapBetween = 'restart-first' | 'restart-second' | 'partition' | 'gone' | 'drown';

/** One way to hide a fork behind a gap. */
export interface GapCheat {
  readonly name: string;
  /** Blocks that both branches share. */
  readonly common: number;
  /** Blocks of each branch after those; the last is a proposal to its victim. */
  readonly lengths: readonly [first: number, second: number];
  /** What each victim is pushed: its whole chain, or its last block only. */
  readonly shown: readonly [first: 'all' | 'last', second: 'all' | 'last'];
  readonly answers: GapAnswer;
  readonly between?: GapBetween;
  /** Bytes that every block is made larger by. Default 0. */
  readonly padding?: number;
}

const answers: readonly GapAnswer[] = ['branch', 'common', 'rest', 'nothing', 'never'];

/** The gap of the review: {1, 2} to one, {4'} to the other. */
const REVIEWED = { common: 1, lengths: [1, 3], shown: ['all', 'last'] } as const;

/** Every kind of {@link GapCheat}. */
export const GAP_CHEATS: readonly GapCheat[] = [
  ...answers.map((answer) => ({ name: `gap of 2, answers ${answer}`, ...REVIEWED, answers: answer })),
  ...answers.map((answer) => ({
    name: `gap of 1, answers ${answer}`,
    common: 2,
    lengths: [1, 2] as const,
    shown: ['all', 'last'] as const,
    answers: answer,
  })),
  ...answers.map((answer) => ({
    name: `gap of 60, answers ${answer}`,
    common: 3,
    lengths: [2, 61] as const,
    shown: ['all', 'last'] as const,
    answers: answer,
  })),
  {
    name: 'both behind gaps',
    common: 4,
    lengths: [3, 5],
    shown: ['last', 'last'],
    answers: 'branch',
  },
  { name: 'from the first block on', common: 0, lengths: [2, 4], shown: ['all', 'last'], answers: 'branch' },
  { name: 'the long branch first', common: 2, lengths: [40, 1], shown: ['last', 'all'], answers: 'branch' },
  {
    name: 'no gap, the short branch last',
    common: 5,
    lengths: [9, 2],
    shown: ['all', 'all'],
    answers: 'never',
  },
  { name: 'the first victim starts anew', ...REVIEWED, answers: 'branch', between: 'restart-first' },
  { name: 'the second victim starts anew', ...REVIEWED, answers: 'branch', between: 'restart-second' },
  { name: 'the halves are apart', ...REVIEWED, answers: 'branch', between: 'partition' },
  { name: 'the cheat leaves at once', ...REVIEWED, answers: 'branch', between: 'gone' },
  { name: 'blocks too large for gossip', ...REVIEWED, answers: 'branch', padding: 9_000 },
  {
    name: 'drowns its heads',
    common: 1,
    lengths: [1, 1],
    shown: ['all', 'all'],
    answers: 'branch',
    between: 'drown',
  },
];
