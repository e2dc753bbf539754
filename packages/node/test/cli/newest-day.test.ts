import { EdmpError } from '@edmp/interface';
import type { CurveQuery, CurveView, MeterView } from '@edmp/node';
import type { NodeClient } from '@edmp/node/client';
import { describe, expect, it } from 'vitest';
import { newestFullDay } from '../../src/cli/newest-day.ts';

const query = { step: 'PT1H', commodity: 'electricity', flow: 'import' } as const;
const meter = (id: string, by: Partial<MeterView> = {}): MeterView => ({
  id,
  source: 'upload',
  mount: id,
  label: id,
  lastUpdate: Date.UTC(2026, 0, 10, 12),
  zone: 'Europe/Amsterdam',
  cells: [],
  commodities: [{ commodity: 'electricity', flow: 'import' }],
  ...by,
});
/** A node whose meters have full days as given. */
function nodeWith(full: Readonly<Record<string, string>>): NodeClient {
  const curve = async ({ meter: id, from }: CurveQuery): Promise<CurveView> => {
    if (id === 'broken') throw new EdmpError('ERR_METER_STORE', 'the disk is full');
    return { values: full[id] === from ? [1, 2] : [1, null] } as unknown as CurveView;
  };
  return { curve } as unknown as NodeClient;
}

describe('the day that is sold by default', () => {
  const none = meter('empty', { lastUpdate: null, commodities: [] });
  const gas = meter('gas', { commodities: [{ commodity: 'gas', flow: 'import' }] });

  it('is the newest full one of the first meter that has one, and the others are told with why', async () => {
    const all = [none, gas, meter('gaps'), meter('broken'), meter('home'), meter('other')];
    const found = await newestFullDay(nodeWith({ home: '2026-01-08', other: '2026-01-09' }), all, query);
    expect([found.meter.id, found.day]).toEqual(['home', '2026-01-08']);
    expect(found.passed).toEqual([
      'empty has no readings yet',
      'gas tells no electricity import, only gas import (--commodity, --flow)',
      'gaps has no full day in the 7 before its last reading (2026-01-10)',
      'broken cannot be read: the disk is full',
    ]);
  });

  it('is refused with every meter and why, when there is none', async () => {
    await expect(newestFullDay(nodeWith({}), [none, meter('gaps')], query)).rejects.toMatchObject({
      code: 'ERR_NODE_CONFLICT',
      message: expect.stringMatching(/empty has no readings yet; gaps has no full day .*--from and --to/),
    });
    const many = Array.from({ length: 12 }, (_, n) => meter(`m${n}`));
    await expect(newestFullDay(nodeWith({}), many, query)).rejects.toThrow(
      '4 more meters were not looked at',
    );
    // What keeps the only meter from being read is told as it is.
    await expect(newestFullDay(nodeWith({}), [meter('broken')], query)).rejects.toMatchObject({
      code: 'ERR_METER_STORE',
    });
  });
});
