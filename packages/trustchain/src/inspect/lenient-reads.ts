import { type BlockSnapshot, type BlockStore, isEdmpError } from '@edmp/interface';

async function orElse<T>(work: () => Promise<T>, otherwise: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
    return otherwise();
  }
}

type LookUps = Pick<BlockSnapshot, 'at' | 'get' | 'getMany' | 'answers' | 'neighbours' | 'answersBy'>;

/** Look-ups around a block that leave out the rows that cannot be read. */
function lenientLookUps(stored: LookUps): LookUps {
  const at: LookUps['at'] = (author, seq) =>
    orElse(
      () => stored.at(author, seq),
      () => [],
    );
  const get: LookUps['get'] = (id) =>
    orElse(
      () => stored.get(id),
      () => undefined,
    );
  return {
    at,
    get,
    getMany: (ids) =>
      orElse(
        () => stored.getMany(ids),
        () => Promise.all(ids.map(get)),
      ),
    answers: (id, options) =>
      orElse(
        () => stored.answers(id, options),
        () => [],
      ),
    // Of both sides one may be readable: in a chain without gaps it lies next to the position.
    neighbours: (author, seq) =>
      orElse(
        () => stored.neighbours(author, seq),
        async () => ({ previous: await at(author, seq - 1), next: await at(author, seq + 1) }),
      ),
    answersBy: (questions, limit) =>
      orElse(
        () => stored.answersBy(questions, limit),
        async () => {
          const answers: Awaited<ReturnType<BlockStore['answersBy']>>[number][] = [];
          for (const question of questions) {
            const [found = []] = await orElse(
              () => stored.answersBy([question], limit),
              () => [],
            );
            answers.push(found);
          }
          return answers;
        },
      ),
  };
}

/** A store whose look-ups around a block leave out the rows that cannot be read, rather than fail with them. */
export function lenientReads(store: BlockStore): BlockStore {
  const lenient: Partial<BlockStore> = {
    ...lenientLookUps(store),
    snapshot: (read) => store.snapshot((stored) => read({ ...stored, ...lenientLookUps(stored) })),
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(lenient, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
