import { DAY_START, expectedQuarters } from './p1-day.ts';

const QUARTER = 900_000;

/** Start, ms since the epoch, and micro-kWh of each quarter of the day. */
export const quarters = (): readonly { readonly start: number; readonly value: number }[] =>
  expectedQuarters().map((value, i) => ({ start: DAY_START + i * QUARTER, value }));

const kwh = (micro: number): string => (micro / 1e6).toFixed(6);

/** A time of the zone an hour ahead of UTC, where the day is: `2024-01-16T00:00:00`. */
const local = (at: number): string => new Date(at + 3_600_000).toISOString().slice(0, 19);

/** The day as a Green Button feed of quarters in watt hours. */
export function greenButtonDay(): string {
  const readings = quarters().map(
    ({ start, value }) =>
      `<IntervalReading><timePeriod><duration>900</duration><start>${start / 1000}</start></timePeriod><value>${value / 1000}</value></IntervalReading>`,
  );
  return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="/UsagePoint/1"/><content><UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content></entry>
<entry><link rel="self" href="/UsagePoint/1/MeterReading/1"/><link rel="related" href="/ReadingType/1"/><content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/ReadingType/1"/><content><ReadingType xmlns="http://naesb.org/espi"><accumulationBehaviour>4</accumulationBehaviour><flowDirection>1</flowDirection><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>
<entry><link rel="up" href="/UsagePoint/1/MeterReading/1/IntervalBlock"/><content><IntervalBlock xmlns="http://naesb.org/espi">${readings.join('')}</IntervalBlock></content></entry>
</feed>`;
}

/** The day as the API of Fluvius tells it: by night before 6 and from 21 o'clock UTC, else by day. */
export function fluviusDay(): string {
  const quarterHourlyEnergy = quarters().map(({ start, value }) => {
    const hour = new Date(start).getUTCHours();
    const counted = { value: value / 1e6, unit: 'kWh', validationState: 'READ' };
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + QUARTER).toISOString(),
      measurements: [{ offtake: hour < 6 || hour >= 21 ? { night: counted } : { day: counted } }],
    };
  });
  const headpoint = { ean: '541000000000000001', energyType: 'E', quarterHourlyEnergy };
  return JSON.stringify({ data: { headpoint } });
}

/** The day as a ConsumptionRecord, with the share of an energy community beside what the meter counted. */
export function edaDay(): string {
  const readings = (share: number): string =>
    quarters()
      .map(
        ({ start, value }) =>
          `<cr:EP><cr:DTF>${local(start)}+01:00</cr:DTF><cr:DTT>${local(start + QUARTER)}+01:00</cr:DTT><cr:MM>L1</cr:MM><cr:BQ>${kwh(value * share)}</cr:BQ></cr:EP>`,
      )
      .join('');
  return `<?xml version="1.0" encoding="UTF-8"?>
<cr:ConsumptionRecord xmlns:cr="http://www.ebutilities.at/schemata/customerprocesses/consumptionrecord/01p31"><cr:ProcessDirectory>
<cr:MeteringPoint>AT0000000000000000000000000000001</cr:MeteringPoint><cr:Energy>
<cr:EnergyData MeterCode="1-1:1.9.0 G.01" UOM="KWH">${readings(1)}</cr:EnergyData>
<cr:EnergyData MeterCode="1-1:2.9.0 G.03" UOM="KWH">${readings(0.5)}</cr:EnergyData>
</cr:Energy></cr:ProcessDirectory></cr:ConsumptionRecord>`;
}
