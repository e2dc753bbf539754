import type { SeededRandom } from '../../../packages/interface/src/index.ts';
import type { Cheat } from '../../chain/cheats/cheat.ts';
import type { Home } from '../home.ts';

/** What a stranger with bad intentions can do in a town. */
export interface StrangerContext {
  /** A key of its own that nobody knows yet. */
  readonly cheat: Cheat;
  /** Two homes that are up. */
  readonly victims: readonly [Home, Home];
  readonly random: SeededRandom;
}

/** A stranger that comes to a town, does one thing, and leaves. */
export interface StrangerRole {
  readonly name: string;
  /** Whether it forks its chain, so that everybody has to know in the end when two homes hold both branches. */
  readonly forks: boolean;
  act(context: StrangerContext): Promise<void>;
}
