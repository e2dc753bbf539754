/**
 * One EDMP node for programs: compose a trader in memory or over files, run a node with its HTTP API, read meters.
 * The command line `edmp` and the web page are thin over this. Needs Node.
 *
 * @packageDocumentation
 */
export * from './compose/create-node.ts';
export * from './compose/create-trader.ts';
export * from './compose/data-folder.ts';
export { NodeError, type NodeErrorCode } from './compose/errors.ts';
export type { NodeFault } from './compose/faults.ts';
export * from './compose/run-node.ts';
export type * from './service.ts';
export { VERSION } from './version.ts';
