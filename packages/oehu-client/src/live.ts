/**
 * What a meter tells while it runs: the power of this moment, and which of its many readings a recorder needs.
 *
 * @packageDocumentation
 */
export { type LivePower, powerOfHomeWizard, powerOfTelegram } from './live/power.ts';
export { type MinuteThinner, minuteThinner } from './live/thin.ts';
