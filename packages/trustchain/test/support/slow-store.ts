import { type BlockStore, type Environment, seededRandom, sleep } from '@edmp/interface';

/**
 * A store every call of which takes up to `maxMs` of virtual time, some before and some after the store has answered,
 * so that whatever is read twice may have changed in between.
 */
export function slowBlockStore(
  inner: BlockStore,
  environment: Environment,
  options: { readonly seed: number; readonly maxMs: number },
): BlockStore {
  const random = seededRandom(options.seed).fork('slow store');
  const wait = (): Promise<void> => sleep(environment, random.below(options.maxMs + 1));
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || name === 'close') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await wait();
        const result: unknown = await value.apply(target, args);
        await wait();
        return result;
      };
    },
  });
}
