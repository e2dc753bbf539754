import type { EdmpError } from '@edmp/interface';

/** What is under way and must fail when the network stops. */
export interface OpenWork {
  /** Registers how to fail one piece of work; call the result when it is over. */
  add(fail: (error: EdmpError) => void): () => void;
  failAll(error: EdmpError): void;
  readonly size: number;
}

/** An {@link OpenWork} with nothing under way. */
export function openWork(): OpenWork {
  const open = new Set<(error: EdmpError) => void>();
  return {
    get size() {
      return open.size;
    },
    add(fail) {
      const entry = (error: EdmpError): void => fail(error);
      open.add(entry);
      return () => open.delete(entry);
    },
    failAll(error) {
      for (const fail of [...open]) fail(error);
    },
  };
}
