import type { SeededRandom } from '../../../packages/interface/src/index.ts';
import type { Party } from '../members.ts';
import { BUYERS } from './buyers.ts';
import { DOUBLES } from './doubles.ts';
import { JUDGES } from './judges.ts';
import { MATCHMAKERS } from './matchmakers.ts';
import type { ByzantineRole } from './role.ts';
import { SELLERS } from './sellers.ts';
import { WITHHOLDERS } from './withholders.ts';

/** Every role, in the order in which histories take their turns. */
export const ROLES: readonly ByzantineRole[] = [
  ...SELLERS,
  ...BUYERS,
  ...JUDGES,
  ...MATCHMAKERS,
  ...DOUBLES,
  ...WITHHOLDERS,
];

/** How many parties of a kind lie in one history: one in four sellers and buyers, up to f of the notaries. */
export class Liars {
  readonly #random: SeededRandom;
  readonly #isOn: boolean;
  #judges: number;

  /** `faulty`: how many of those who decide may lie. */
  constructor(random: SeededRandom, isOn: boolean, faulty: number) {
    this.#random = random;
    this.#isOn = isOn;
    this.#judges = faulty;
  }

  /** How many more of those who decide may fail. */
  get spare(): number {
    return this.#judges;
  }

  /** A role for one more party, mostly none. */
  next(party: Party): ByzantineRole | undefined {
    const draw = this.#random.below(4);
    const roles = ROLES.filter(({ parties }) => parties.includes(party));
    const role = roles[this.#random.below(Math.max(1, roles.length))];
    if (!this.#isOn || role === undefined) return undefined;
    if (role.decides === true) {
      if (this.#judges === 0 || draw > 1) return undefined;
      this.#judges--;
      return role;
    }
    return draw === 0 ? role : undefined;
  }
}
