/**
 * Validation of a block against what is known of its neighbours, as a pure function.
 *
 * @packageDocumentation
 */
export { viewFromStore } from './chain/view.ts';
export type { ValidationCode } from './validation/codes.ts';
export { type BlockView, type Verdict, validateBlock } from './validation/validate.ts';
