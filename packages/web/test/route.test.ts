import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkTo, PLACES, parseRoute } from '../src/state/route.ts';

const TABS = PLACES.flatMap(({ tabs }) => tabs.map(({ id }) => id));

describe('addresses', () => {
  it('name a screen whatever stands in them', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('%E0%A4%A', '..', '__proto__', 'constructor', 'toString', '%', '#', '//', ...TABS),
      fc.constantFrom(...PLACES.map(({ id }) => id)),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 6 }), fc.boolean(), (parts, slash) => {
        const route = parseRoute(`#${slash ? '/' : ''}${parts.join('/')}`);
        const place = PLACES.find(({ id }) => id === route.place);
        const tabs: readonly string[] = (place?.tabs ?? []).map(({ id }) => id);
        expect(place).toBeDefined();
        expect(tabs.length === 0 ? route.tab === '' : tabs.includes(route.tab)).toBe(true);
        expect(route.object.length).toBeLessThanOrEqual(512);
      }),
      { numRuns: 500 },
    );
  });

  it('lead back to what they were made for', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TABS),
        fc.string({ unit: 'grapheme', maxLength: 100 }),
        (tab, object) => {
          const route = parseRoute(linkTo(tab, object));
          expect(route).toMatchObject({ tab, object });
        },
      ),
    );
  });

  it('are still found where they were before there were places', () => {
    expect(parseRoute('#/ledger/bafy')).toEqual({ place: 'trust', tab: 'ledger', object: 'bafy' });
    expect(parseRoute('#/purchases')).toMatchObject({ place: 'market', tab: 'bought' });
    expect(parseRoute('#/ledger/%E0%A4%A')).toMatchObject({ tab: 'ledger', object: '' });
    expect(parseRoute('')).toMatchObject({ place: 'home' });
  });
});
