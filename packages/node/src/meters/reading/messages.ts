import type { ReadMeterFileOptions } from '@edmp/oehu-client';
import type { AnyReading, SourceIssue } from '@edmp/oehu-client/sources';
import type { PreviewView } from '../../meter-service.ts';

/** How a file is read, as it can be told to another thread: keys as text, and the thread has its own crypto. */
export interface ReadingOptions extends Omit<ReadMeterFileOptions, 'crypto' | 'keys'> {
  /** Key of a meter whose port is encrypted, as `meterKeys` takes it. */
  readonly key?: string;
  readonly zone: string;
}

/** What the thread is asked. One task at a time; `next` and `drop` are of the file that was read last. */
export type ReadingRequest =
  | { readonly type: 'read' | 'preview'; readonly bytes: Uint8Array; readonly options: ReadingOptions }
  | { readonly type: 'next' }
  | { readonly type: 'drop' };

/** What the thread answers to each request but `drop`. */
export type ReadingAnswer =
  | {
      readonly type: 'file';
      readonly kind: string;
      readonly issues: readonly SourceIssue[];
    }
  | { readonly type: 'preview'; readonly view: PreviewView }
  /** The next readings of the file; none at its end. */
  | { readonly type: 'readings'; readonly readings: readonly AnyReading[] }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
