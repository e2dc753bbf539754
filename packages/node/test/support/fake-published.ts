import type { MatchmakerView, NodeService, PublishedView } from '@edmp/node';

/** Whom every fake node knows. */
export const FAKE_MATCHMAKERS: readonly MatchmakerView[] = [
  { key: '01'.repeat(32), address: '/ip4/127.0.0.1/tcp/4001' },
  { key: '0f'.repeat(32), address: null },
];

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
