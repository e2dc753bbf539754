import { type LiveView, localDay, type MeterView, type MountView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Badge, Field, Loading, Problem } from '../components/bits.tsx';
import { Chart } from '../components/chart.tsx';
import { DraftInput } from '../components/draft-input.tsx';
import { useLive } from '../state/live.ts';
import { useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatDay, formatTime } from '../text/format.ts';
import { ago, gapWords, mountKindName, mountState, nothingYet, powerWords } from '../text/meters.ts';
import { kindName } from '../text/words.ts';
import { ImportFile } from './meter-import.tsx';
import { RemoveMeter } from './meter-remove.tsx';

/** A power that is older than this is not that of now, ms. */
const STALE_MS = 60_000;

/** One mounted meter: state, power now, a day of it. */
export function MeterCard({
  mount,
  meters,
  now,
}: {
  readonly mount: MountView;
  /** Its devices; an OEHU server may have several. */
  readonly meters: readonly MeterView[];
  /** The node's clock, ms since the epoch. */
  readonly now: number;
}): VNode {
  const id = useId();
  const heard = useLive(mount.name) ?? mount.live;
  const [isRemoving, setRemoving] = useState(false);
  const { tone, word } = mountState(mount);
  const isNow = heard !== null && mount.state === 'live' && now - heard.at < STALE_MS;
  return (
    <section class="card sect" aria-labelledby={id}>
      <div class="split">
        <div>
          <h2 id={id}>{mount.name}</h2>
          <p class="sub">
            {mountKindName(mount.kind)}
            {mount.address !== null && <span class="wrap"> at {mount.address}</span>}
          </p>
        </div>
        <p class="seen">
          <Badge tone={tone}>{word}</Badge>
          <LastSeen mount={mount} now={now} />
        </p>
      </div>
      {isNow && heard !== null && <Power live={heard} />}
      {mount.problem !== null && <p class={mount.state === 'lost' ? 'problem' : 'hint'}>{mount.problem}</p>}
      {mount.state === 'lost' && <p class="hint">The node goes on trying; what is missed stays a gap.</p>}
      {meters.map((meter) => (
        <MeterDay
          key={meter.id}
          meter={meter}
          now={now}
          isNamed={meters.length > 1}
          nothing={nothingYet(mount)}
        />
      ))}
      <div class="row">
        {mount.newest !== null && (
          <a class="btn" href={linkTo('sell')}>
            Sell a piece
          </a>
        )}
        <button type="button" class="btn" onClick={() => setRemoving(true)}>
          Remove…
        </button>
        {mount.kind !== 'oehu' && <ImportFile meter={mount.name} />}
      </div>
      {isRemoving && <RemoveMeter mount={mount} onClose={() => setRemoving(false)} />}
    </section>
  );
}

function LastSeen({ mount, now }: { readonly mount: MountView; readonly now: number }): VNode | null {
  const at = mount.state === 'idle' ? mount.newest : (mount.heard ?? mount.newest);
  if (at === null) return null;
  return (
    <span class="sub" title={formatTime(at)}>
      {mount.state === 'idle' ? 'last reading' : 'heard'} {ago(at, now)}
    </span>
  );
}

function Power({ live }: { readonly live: LiveView }): VNode {
  const { number, unit, way } = powerWords(live);
  return (
    <p class="power">
      <strong>{number}</strong>{' '}
      <span>
        {unit} {way}
      </span>
    </p>
  );
}

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** The curve of a day, with its gaps, and the days around it. */
function MeterDay({
  meter,
  now,
  isNamed,
  nothing,
}: {
  readonly meter: MeterView;
  readonly now: number;
  readonly isNamed: boolean;
  /** What is said while there is no reading. */
  readonly nothing: string;
}): VNode | null {
  const last = meter.lastUpdate;
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [kind, setKind] = useState(0);
  const sort = meter.commodities[kind] ?? meter.commodities[0];
  // A reading at midnight ends the day before it.
  const newest = last === null ? undefined : localDay(last - 1, meter.zone, 0);
  const day = chosen ?? newest;
  const query =
    day === undefined || sort === undefined
      ? undefined
      : { meter: meter.id, from: day, to: day, step: 'PT15M' as const, ...sort };
  const curve = useResource(query === undefined ? undefined : JSON.stringify(query), (client) =>
    query === undefined ? Promise.reject(new Error('Nothing is chosen')) : client.curve(query),
  );
  if (day === undefined || sort === undefined || newest === undefined) return <p class="hint">{nothing}</p>;
  const isEmpty = curve.value?.values.every((value) => value === null) ?? false;
  const gaps =
    curve.value === undefined || isEmpty ? undefined : gapWords(curve.value, Math.min(now, last ?? now));
  return (
    <div class="stack">
      {isNamed && <h3>{meter.label}</h3>}
      <div class="fields fields-narrow">
        <Field label="Day">
          {(ids) => (
            <DraftInput
              {...ids}
              type="date"
              required
              max={newest}
              value={day}
              isWhole={isDay}
              onCommit={(text) => isDay(text) && setChosen(text === newest ? undefined : text)}
            />
          )}
        </Field>
        {meter.commodities.length > 1 && (
          <Field label="What">
            {(ids) => (
              <select
                {...ids}
                value={String(kind)}
                onChange={(event) => setKind(Number(event.currentTarget.value))}
              >
                {meter.commodities.map(({ commodity, flow }, index) => (
                  <option key={`${commodity}-${flow}`} value={String(index)}>
                    {kindName(commodity, flow)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
      <Problem error={curve.error} />
      {curve.value === undefined && curve.error === undefined && <Loading what="the day" />}
      {isEmpty && <p class="hint">No whole quarter of an hour was measured on {formatDay(day)} yet.</p>}
      {curve.value !== undefined && !isEmpty && (
        <Chart curve={curve.value} title={`${kindName(sort.commodity, sort.flow)}, ${formatDay(day)}`} />
      )}
      {gaps !== undefined && <p class="hint">{gaps}</p>}
    </div>
  );
}
