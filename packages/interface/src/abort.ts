/** Options of every call that may wait. */
export interface AbortOptions {
  /** Ends the wait with `ERR_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}
