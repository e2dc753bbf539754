/** Kind of day in the BDEW sense: Saturdays, Sundays with public holidays, and working days. */
export type DayType = 'workday' | 'saturday' | 'sunday';

/** Centre and width in hours of the eight bell curves that make a day. */
const BELLS: readonly (readonly [centre: number, width: number])[] = [
  [0.3, 1.6],
  [6.9, 1.0],
  [9.3, 1.8],
  [12.3, 1.5],
  [15.2, 1.9],
  [18.4, 1.4],
  [20.3, 1.3],
  [22.3, 1.2],
];

/** A constant and one height per bell curve: yearly mean, and what the depth of winter adds. */
interface Heights {
  readonly mean: readonly number[];
  readonly winter: readonly number[];
}

// Fitted by least squares, rounded to 0.01, so that a large group follows the usual household load of central Europe.
const HEIGHTS: Readonly<Record<DayType, Heights>> = {
  saturday: {
    mean: [0.53, 0.12, -0.01, 0.56, 0.47, 0.52, 0.61, 0.42, 0.42],
    winter: [-0.07, -0.02, 0, -0.02, -0.02, 0, 0.12, -0.04, -0.03],
  },
  sunday: {
    mean: [0.56, 0.11, -0.1, 0.58, 0.65, 0.46, 0.63, 0.47, 0.33],
    winter: [-0.06, -0.01, 0.01, -0.03, -0.02, 0.01, 0.11, -0.06, -0.04],
  },
  workday: {
    mean: [0.53, 0.05, 0.26, 0.22, 0.25, 0.28, 0.58, 0.49, 0.4],
    winter: [-0.07, -0.01, 0.03, 0, -0.03, -0.01, 0.1, -0.03, -0.04],
  },
};

/** 1 in the middle of January, −1 in the middle of July. */
export function winterness(dayOfYear: number): number {
  return Math.cos((2 * Math.PI * (dayOfYear - 15)) / 365);
}

/**
 * Expected load of a household at `hour` (0 … 24), as a multiple of its mean over the year.
 *
 * @param dayOfYear - 1 to 366, local date.
 */
export function loadShape(dayType: DayType, dayOfYear: number, hour: number): number {
  const { mean, winter } = HEIGHTS[dayType];
  const season = winterness(dayOfYear);
  let value = (mean[0] ?? 0) + season * (winter[0] ?? 0);
  for (const [i, [centre, width]] of BELLS.entries()) {
    const direct = Math.abs(hour - centre);
    const distance = Math.min(direct, 24 - direct);
    value +=
      ((mean[i + 1] ?? 0) + season * (winter[i + 1] ?? 0)) * Math.exp(-(distance ** 2) / (2 * width ** 2));
  }
  return value;
}
