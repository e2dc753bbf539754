import type { DealCheck, DealReport } from '@edmp/node/verify';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Badge, Problem, Section } from '../components/bits.tsx';

/** A file beyond this is no deal file, bytes. */
const MAX_BYTES = 2 * 1024 * 1024;

/** What was found in a file. */
interface Found {
  readonly name: string;
  readonly report: DealReport;
}

/** A place to drop a deal file: it is checked in this browser, and sent nowhere. */
export function VerifyPage(): VNode {
  const [found, setFound] = useState<Found>();
  const [error, setError] = useState<unknown>();
  const [over, setOver] = useState(false);
  const read = async (file: File | undefined): Promise<void> => {
    setOver(false);
    if (file === undefined) return;
    setError(undefined);
    setFound(undefined);
    try {
      const bytes = new Uint8Array(await file.slice(0, MAX_BYTES + 1).arrayBuffer());
      // Only who verifies loads what it takes.
      const { verifyDealFile } = await import('@edmp/node/verify');
      setFound({ name: file.name.slice(0, 80), report: verifyDealFile(bytes) });
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <div class="stack">
      <Section
        title="Check a deal file"
        hint="Whoever was part of a deal can save it as a file. It is checked here, in your browser, and sent nowhere. It shows what was signed, not what somebody left out."
      >
        <label
          class={`drop${over ? ' drop-over' : ''}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            void read(event.dataTransfer?.files[0]);
          }}
        >
          <span>Drop a deal file here, or choose one</span>
          <input type="file" onChange={(event) => void read(event.currentTarget.files?.[0])} />
        </label>
      </Section>
      <Problem error={error} />
      {found !== undefined && <Report {...found} />}
    </div>
  );
}

function Report({ name, report }: Found): VNode {
  return (
    <Section title={name}>
      <div class={report.valid ? 'success' : 'problem'} role={report.valid ? 'status' : 'alert'}>
        <p>{report.summary}</p>
      </div>
      <Checks checks={report.checks} />
    </Section>
  );
}

/** Nothing that is merely not in the file looks as if it had been shown to be right. */
function verdictOf({ passed, absent }: DealCheck): VNode {
  if (!passed) return <Badge tone="bad">Broken</Badge>;
  return absent ? <Badge tone="plain">Not in it</Badge> : <Badge tone="good">Right</Badge>;
}

function Checks({ checks }: { readonly checks: readonly DealCheck[] }): VNode {
  return (
    <ul class="checks">
      {checks.map((check) => (
        <li key={check.name}>
          {verdictOf(check)} <strong>{check.label}</strong> <span class="sub">{check.detail}</span>
          {check.note !== null && <p class="hint">{check.note}</p>}
          {check.checks.length > 0 && <Checks checks={check.checks} />}
        </li>
      ))}
    </ul>
  );
}
