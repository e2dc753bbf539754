import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/** Codes of {@link NodeError}. */
export type NodeErrorCode =
  /** The node's configuration cannot be used. */
  | 'ERR_NODE_CONFIG'
  /** The node's data folder cannot be read or written, or belongs to another process. */
  | 'ERR_NODE_DATA'
  /** The node has no meter source. */
  | 'ERR_NODE_NO_METER'
  /** There is nothing with that id. */
  | 'ERR_NODE_NOT_FOUND'
  /** The request is well formed but not possible in the present state. */
  | 'ERR_NODE_CONFLICT';

/**
 * A node cannot do what was asked. Codes: `ERR_NODE_CONFIG` (unusable configuration), `ERR_NODE_DATA` (data folder
 * unusable or in use), `ERR_NODE_NO_METER` (no meter source configured), `ERR_NODE_NOT_FOUND` (nothing has that id),
 * `ERR_NODE_CONFLICT` (not possible in the present state).
 */
export class NodeError extends EdmpError {
  constructor(code: NodeErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'NodeError';
  }
}
