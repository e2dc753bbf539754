/**
 * What data tells about a household, and how to tell less: cells, pseudonyms, classes, revelations.
 *
 * @packageDocumentation
 */
export { DEFAULT_LISTING_STEP, seriesOf } from './privacy/branch.ts';
export {
  type CoarseCellOptions,
  cellArea,
  coarseCell,
  HIDDEN_ACCURACY_METRES,
  isHiddenPoint,
  OEHU_HIDDEN_POINT,
  OTHERS_IN_CELL,
  SMALLEST_CELL_KM2,
} from './privacy/cell.ts';
export { type DuplicateMeter, findDuplicateMeters, type MeterSnapshot } from './privacy/duplicates.ts';
export { PrivacyError } from './privacy/errors.ts';
export { type CellBounds, geohash, geohashBounds, type Point } from './privacy/geohash.ts';
export { type HouseholdClass, householdClass } from './privacy/household.ts';
export { listingPseudonym } from './privacy/pseudonym.ts';
export { type Reveals, type Revelation, revealsByStep, whatThisReveals } from './privacy/reveals.ts';
export {
  checkPublicTexts,
  PERSONAL_KINDS,
  type PersonalKind,
  type PersonalText,
  type PublicTexts,
  screenText,
} from './privacy/screen-text.ts';
export { wholeDays } from './privacy/whole-days.ts';
