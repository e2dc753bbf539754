import type { ImportView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { FileIssues } from '../components/file-issues.tsx';
import { useNode } from '../state/node.ts';
import { isUnknownTable, MapFile } from './meter-map.tsx';

/** What became of a file, for its owner. */
export function Imported({ taken }: { readonly taken: ImportView }): VNode {
  const { added, corrected, duplicates, outdated, impossible, issues } = taken;
  return (
    <div class="success" role="status">
      <p>
        <strong>{added} readings added</strong>
        {corrected > 0 && `, ${corrected} corrected`}
        {duplicates > 0 && `, ${duplicates} known before`}
        {outdated > 0 && `, ${outdated} older than a correction and not taken back`}
        {impossible > 0 && `, ${impossible} left out because their time cannot be`}.
      </p>
      <FileIssues issues={issues} />
    </div>
  );
}

/** Takes a file of history into a meter. */
export function ImportFile({ meter }: { readonly meter: string }): VNode {
  const { client, refresh } = useNode();
  const input = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [taken, setTaken] = useState<ImportView | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [unknown, setUnknown] = useState<File | undefined>(undefined);
  const take = async (file: File, csvMap?: string): Promise<void> => {
    setBusy(true);
    setError(undefined);
    setTaken(undefined);
    setUnknown(undefined);
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      setTaken(
        await client.importReadings(meter, bytes, {
          takenAt: file.lastModified,
          ...(csvMap === undefined ? {} : { csvMap }),
        }),
      );
      refresh();
    } catch (failure) {
      if (csvMap === undefined && (await isUnknownTable(client, file, failure))) setUnknown(file);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" class="btn" disabled={isBusy} onClick={() => input.current?.click()}>
        {isBusy ? 'Reading the file…' : 'Add a file of readings'}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={`File of readings for ${meter}`}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file !== undefined) void take(file);
        }}
      />
      {unknown !== undefined && (
        <MapFile
          file={unknown}
          onTake={(csvMap) => void take(unknown, csvMap)}
          onClose={() => setUnknown(undefined)}
        />
      )}
      {taken !== undefined && <Imported taken={taken} />}
      <Problem error={error} />
    </>
  );
}
