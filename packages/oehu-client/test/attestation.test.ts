import type { RegisterReading } from '@edmp/interface';
import { lowestLevel } from '@edmp/oehu-client/series';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const reading = (record: string, at = 1): RegisterReading => ({
  commodity: 'electricity',
  flow: 'import',
  tariff: 'total',
  at,
  value: 1,
  unit: 'uKWh',
  trust: 'linked',
  record,
});

it('counts each source record once, in any order', () => {
  const record = fc.string({ unit: fc.constantFrom('a', 'b', 'ß', '7'), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 300 }), (records) => {
      const verified = records.length === 0 ? 0 : new Set(records).size;
      expect(lowestLevel(records.map((one) => reading(one))).verified).toBe(verified);
    }),
  );
  const mixed = [reading('a'), { ...reading('b'), trust: 'unsigned' as const }];
  expect(lowestLevel(mixed)).toEqual({ trust: 'unsigned', verified: 0 });
});

/** The places that records are looked for at, as `verifiedRecords` takes them. */
function markOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

it('counts records right that were chosen to be looked for at the same place', () => {
  const records: string[] = [];
  for (let i = 0; records.length < 300; i++) if ((markOf(`r${i}`) & 1023) === 5) records.push(`r${i}`);
  const twice = [...records, ...records].map((one) => reading(one));
  expect(lowestLevel(twice.slice(0, 500)).verified).toBe(300);
});
