import type { SeededRandom } from '../../packages/interface/src/index.ts';

/** A counter with three decimals, as HomeWizard tells it. */
const counter = (random: SeededRandom): number => Number((random.below(99_999_999) / 1000).toFixed(3));
const two = (value: number): string => String(value).padStart(2, '0');

/** A wall-clock time of which there is one, in pieces. */
function wallClock(random: SeededRandom): readonly string[] {
  return [
    `20${two(20 + random.below(6))}`,
    two(1 + random.below(12)),
    two(1 + random.below(28)),
    two(4 + random.below(20)),
    two(random.below(60)),
    two(random.below(60)),
  ];
}
const packed = (parts: readonly string[]): number => Number(parts.join('').slice(2));
const iso = ([year, month, day, hour, minute, second]: readonly string[]): string =>
  `${year}-${month}-${day}T${hour}:${minute}:${second}`;

const EXTERNAL = [
  ['gas_meter', 'm3'],
  ['water_meter', 'm3'],
  ['heat_meter', 'GJ'],
  ['warm_water_meter', 'm3'],
  ['inlet_heat_meter', 'GJ'],
] as const;

/** An answer of the local API of a P1 meter, version 1 or 2, or of a water meter. */
export function oracleAnswer(
  random: SeededRandom,
  version: 1 | 2 | 'water',
): Readonly<Record<string, unknown>> {
  if (version === 'water')
    return { wifi_ssid: 'home', total_liter_m3: counter(random), active_liter_lpm: random.below(20) };
  const prefix = version === 1 ? 'total_power' : 'energy';
  const answer: Record<string, unknown> = {
    ...(version === 1 ? { wifi_ssid: 'home', smr_version: 50 } : {}),
    unique_id: '53414D504C45',
  };
  for (const flow of ['import', 'export']) {
    answer[`${prefix}_${flow}_kwh`] = counter(random);
    for (let tariff = 1; tariff <= 1 + random.below(4); tariff++) {
      answer[`${prefix}_${flow}_t${tariff}_kwh`] = counter(random);
    }
  }
  if (version === 2) {
    answer.protocol_version = 50;
    answer.power_w = random.below(5000);
    answer.timestamp = iso(wallClock(random));
  }
  answer.external = EXTERNAL.slice(0, 1 + random.below(EXTERNAL.length)).map(([type, unit], i) => {
    const time = wallClock(random);
    return {
      unique_id: `5341${i}${i}`,
      type,
      timestamp: version === 1 ? packed(time) : iso(time),
      value: counter(random),
      unit,
    };
  });
  return answer;
}
