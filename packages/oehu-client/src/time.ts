/**
 * Time zones, interval steps and decimal numbers of meters.
 *
 * @packageDocumentation
 */
export { formatMicro, MICRO, type MicroNumber, microFromNumber, microFromText } from './decimal.ts';
export {
  alignUp,
  boundsBetween,
  intervalBounds,
  intervalsInDay,
  isIntervalStep,
  MAX_INTERVALS,
  nominalStepMs,
} from './time/steps.ts';
export type { LocalTime } from './time/zone.ts';
