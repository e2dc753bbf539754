/**
 * What a published package.json leaves out: the condition that leads to sources, which are not shipped, with the entries
 * that have no other (they are for this repository alone); and what only development needs.
 */
function withoutSources(exports) {
  const published = {};
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string') {
      published[subpath] = target;
      continue;
    }
    const { 'edmp-source': _source, ...conditions } = target;
    if (Object.keys(conditions).length > 0) published[subpath] = conditions;
  }
  return published;
}

module.exports = {
  hooks: {
    beforePacking(manifest) {
      const { devDependencies: _development, ...published } = manifest;
      if (published.exports !== undefined) published.exports = withoutSources(published.exports);
      return published;
    },
  },
};
