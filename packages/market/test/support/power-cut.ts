import type { BlockStore, HalfBlock } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';

/** A block store of which a power cut takes what nobody asked to be durable, back to the last write that was. */
export interface PowerCutStore {
  readonly store: BlockStore;
  /** What is left after the power cut, in a store of its own. `without`: blocks that are gone whatever was promised. */
  cut(without?: (block: HalfBlock) => boolean): Promise<BlockStore>;
}

export function powerCutStore(): PowerCutStore {
  const inner = memoryBlockStore();
  const writes: { readonly blocks: readonly HalfBlock[]; readonly durable: boolean }[] = [];
  const store = new Proxy(inner, {
    get(target, name) {
      if (name === 'put') {
        const put: BlockStore['put'] = async (blocks, options) => {
          const count = await target.put(blocks, options);
          writes.push({ blocks: [...blocks], durable: options?.durable === true });
          return count;
        };
        return put;
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return {
    store,
    async cut(without = () => false) {
      const last = writes.findLastIndex(({ durable }) => durable);
      const left = memoryBlockStore();
      for (const { blocks } of writes.slice(0, last + 1)) {
        await left.put(
          blocks.filter((block) => !without(block)),
          { durable: true },
        );
      }
      return left;
    },
  };
}
