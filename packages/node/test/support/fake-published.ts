import type { NodeService, PublishedView } from '@edmp/node';

const MANIFEST = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';

/** What a fake node publishes, and links to sealed blocks that nobody serves. */
export function fakePublished(): Pick<
  NodeService,
  'published' | 'publish' | 'withdrawPublished' | 'contentLink'
> {
  let held: readonly PublishedView[] = [];
  return {
    published: async () => held,
    publish: async () => {
      held = [{ name: 'chain', root: MANIFEST, blocks: 3, at: 1_800_000_000_000 }];
      return held;
    },
    withdrawPublished: async () => {
      held = [];
    },
    contentLink: async (trade) => {
      const capability = 'a'.repeat(42);
      return { trade, manifest: MANIFEST, capability, path: `/cap/${capability}/ipfs/${MANIFEST}` };
    },
  };
}
