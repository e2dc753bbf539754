import { type BlockStore, isEdmpError } from '@edmp/interface';

async function orElse<T>(work: () => Promise<T>, otherwise: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
    return otherwise();
  }
}

/** A store whose look-ups around a block leave out the rows that cannot be read, rather than fail with them. */
export function lenientReads(store: BlockStore): BlockStore {
  const at: BlockStore['at'] = (author, seq) =>
    orElse(
      () => store.at(author, seq),
      () => [],
    );
  const get: BlockStore['get'] = (id) =>
    orElse(
      () => store.get(id),
      () => undefined,
    );
  const lenient: Partial<BlockStore> = {
    at,
    get,
    getMany: (ids) =>
      orElse(
        () => store.getMany(ids),
        () => Promise.all(ids.map(get)),
      ),
    answers: (id, options) =>
      orElse(
        () => store.answers(id, options),
        () => [],
      ),
    // Of both sides one may be readable: in a chain without gaps it lies next to the position.
    neighbours: (author, seq) =>
      orElse(
        () => store.neighbours(author, seq),
        async () => ({ previous: await at(author, seq - 1), next: await at(author, seq + 1) }),
      ),
    answersBy: (questions, limit) =>
      orElse(
        () => store.answersBy(questions, limit),
        async () => {
          const answers: Awaited<ReturnType<BlockStore['answersBy']>>[number][] = [];
          for (const question of questions) {
            const [found = []] = await orElse(
              () => store.answersBy([question], limit),
              () => [],
            );
            answers.push(found);
          }
          return answers;
        },
      ),
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(lenient, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
