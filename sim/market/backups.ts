import type { SeededRandom } from '../../packages/interface/src/index.ts';
import type { Backup } from '../lib/node.ts';
import { type Cast, type Member, membersOf } from './members.ts';
import { crashFor } from './operations.ts';

/** Operations between a backup and its return, at most. */
const MAX_AGE = 12;

/**
 * In some histories an operator copies the disks of a trader, or of a notary that may fail, and puts the copy back later.
 * Whatever that node says afterwards is its operator's fault, as it would be with a liar's: everybody else has to come
 * out whole.
 */
export class Backups {
  readonly #cast: Cast;
  readonly #random: SeededRandom;
  readonly #member: Member | undefined;
  readonly #takeAt: number;
  readonly #restoreAt: number;
  #backup: Backup | null = null;

  constructor(cast: Cast) {
    this.#cast = cast;
    this.#random = cast.world.random.fork('backups');
    const isDrawn = this.#random.below(6) === 0;
    const traders = membersOf(cast, 'seller', 'buyer');
    const notaries = cast.spareFailures > 0 ? membersOf(cast, 'notary') : [];
    const candidates = [...traders, ...notaries].filter(({ node }) => node.byzantine === null);
    const member = candidates[this.#random.below(Math.max(1, candidates.length))];
    this.#takeAt = this.#random.below(8);
    this.#restoreAt = this.#takeAt + 1 + this.#random.below(MAX_AGE);
    this.#member = isDrawn && cast.world.plan.allows(`backup of ${member?.node.name}`) ? member : undefined;
    if (this.#member?.party === 'notary') cast.spareFailures--;
  }

  /** Told before each operation. */
  before(operation: number): void {
    const member = this.#member;
    if (member === undefined) return;
    const { node } = member;
    if (operation === this.#takeAt) this.#backup = node.backup();
    if (operation !== this.#restoreAt || this.#backup === null) return;
    const backup = this.#backup;
    node.byzantine ??= 'restored-backup';
    this.#cast.world.fault(`restored-${member.party}`, node.name);
    if (node.isUp) crashFor(this.#cast, member, 1_000 + this.#random.below(120_000));
    node.restore(backup);
  }
}
