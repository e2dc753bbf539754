import type { FormatOptions } from './format.ts';
import { NO_TIME } from './meter-file.ts';

/**
 * When the `index`-th of `count` telegrams of a log arrived: the last one at the time of arrival, earlier ones by the
 * declared spacing; `NO_TIME` where nothing tells.
 */
export function arrivalOf(
  index: number,
  count: number,
  { receivedAt, spacingSeconds }: Pick<FormatOptions, 'receivedAt' | 'spacingSeconds'>,
): number {
  if (receivedAt === undefined) return NO_TIME;
  const back = count - 1 - index;
  if (back === 0) return receivedAt;
  return spacingSeconds === undefined ? NO_TIME : receivedAt - Math.round(back * spacingSeconds * 1000);
}
