import type { KeyNameView, Naming, Practising } from '@edmp/node';

/** Names in memory, and a practice neighbour that does nothing. */
export function fakeNaming(): Naming & Practising {
  let names: readonly KeyNameView[] = [];
  let on = false;
  const view = () => ({
    on,
    key: on ? 'aa'.repeat(32) : null,
    witness: on ? 'ab'.repeat(32) : null,
  });
  return {
    names: async () => names,
    async nameKey(key, name) {
      const others = names.filter((each) => each.key !== key);
      names = name.trim() === '' ? others : [...others, { key, name: name.trim() }];
      return names;
    },
    practice: async () => view(),
    async setPractice(wanted) {
      on = wanted;
      return view();
    },
  };
}
