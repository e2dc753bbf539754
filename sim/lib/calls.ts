import { isEdmpError } from '../../packages/interface/src/index.ts';
import type { Market } from '../../packages/market/src/index.ts';
import type { SimNode } from './node.ts';
import { Tally } from './tally.ts';
import { textOf, type World } from './world.ts';

interface Open {
  readonly node: SimNode;
  readonly start: number;
  readonly name: string;
  readonly since: number;
}

/** Calls of markets by their owners: nobody waits for them, but each has to end, and to fail by a typed error only. */
export class Calls {
  readonly #world: World;
  readonly #open = new Set<Open>();
  /** How calls ended: name and `ok` or a code. */
  readonly ends = new Tally();

  constructor(world: World) {
    this.#world = world;
  }

  /** Calls a market that is up; `undefined` when it is down. */
  make<T>(node: SimNode, name: string, call: (market: Market) => Promise<T>): Promise<T | undefined> {
    const { running, starts } = node;
    if (running === null) return Promise.resolve(undefined);
    const open: Open = { node, start: starts, name, since: this.#world.environment.now() };
    this.#open.add(open);
    this.#world.trace(`${node.name} calls ${name}`);
    const end = (how: string): void => {
      this.#open.delete(open);
      this.ends.add(`${name} ${how}`);
      this.#world.trace(`${node.name} ${name}: ${how}`);
    };
    let promise: Promise<T>;
    try {
      promise = call(running.market);
    } catch (error) {
      promise = Promise.reject(error);
    }
    return promise.then(
      (value) => {
        end('ok');
        return value;
      },
      (error: unknown) => {
        end(isEdmpError(error) ? error.code : 'untyped');
        const dead = node.starts !== starts || node.running === null;
        if (!isEdmpError(error) && !dead) {
          this.#world.findings.add('violations', 'untyped-error', `${name}: ${textOf(error)}`);
        }
        return undefined;
      },
    );
  }

  /** Calls of processes that are still up and have not ended. */
  open(): readonly string[] {
    const now = this.#world.environment.now();
    return [...this.#open]
      .filter(({ node, start }) => node.running !== null && node.starts === start)
      .map(({ node, name, since }) => `${node.name} ${name} for ${now - since} ms`);
  }
}
