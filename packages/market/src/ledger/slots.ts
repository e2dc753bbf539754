import type { Spending } from '../blocks/spending.ts';
import type { Changes } from './changes.ts';

/** The spending blocks of one account by their number; a second one with a number is a fork, wherever it stands. */
export class Slots {
  readonly #byNumber = new Map<number, Spending>();
  isForked = false;

  get(n: number): Spending | undefined {
    return this.#byNumber.get(n);
  }

  /** Takes in a block; tells the first fork of an account. */
  add(spending: Spending, changes: Changes): void {
    const { n } = spending.money;
    const known = this.#byNumber.get(n);
    if (known === undefined) {
      this.#byNumber.set(n, spending);
      return;
    }
    if (known.key === spending.key || this.isForked) return;
    this.isForked = true;
    const [a, b] = known.key < spending.key ? [known, spending] : [spending, known];
    changes.push({ type: 'fork', a: a.block, b: b.block });
  }

  delete(spending: Spending): void {
    if (this.#byNumber.get(spending.money.n)?.key === spending.key) this.#byNumber.delete(spending.money.n);
  }
}
