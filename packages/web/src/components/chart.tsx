import { type CurveView, intervalStarts, localTime, microDecimal, unitName } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Dual } from '../pictures/draw.tsx';
import { EnergyBars } from '../pictures/energy-bars.tsx';
import { formatEnergy } from '../text/format.ts';
import { stepName } from '../text/words.ts';

const MAX_ROWS = 500;

/** A load curve: a picture for the eye, a sentence and a table for everybody. */
export function Chart(props: { readonly curve: CurveView; readonly title: string }): VNode {
  const { curve } = props;
  const unit = unitName(curve.unit);
  const known = curve.values.filter((value) => value !== null);
  const total = known.reduce((sum, value) => sum + value, 0);
  const gaps = curve.values.length - known.length;

  const summary = [
    `${formatEnergy(total, unit)} in all`,
    `one value every ${stepName(curve.step)}`,
    ...(known.length === 0
      ? []
      : [
          `highest ${formatEnergy(
            known.reduce((most, value) => Math.max(most, value), 0),
            unit,
          )}`,
        ]),
    ...(gaps === 0 ? [] : [`${gaps} of ${curve.values.length} without data`]),
  ].join(', ');
  return (
    <figure class="chart">
      <div class="fig">
        <Dual
          wide={760}
          narrow={326}
          draw={(width) => (
            <EnergyBars width={width} height={200} curve={curve} label={`${props.title}: ${summary}`} />
          )}
        />
      </div>
      <figcaption>{summary}</figcaption>
      <CurveTable curve={curve} />
    </figure>
  );
}

function CurveTable({ curve }: { readonly curve: CurveView }): VNode {
  const shown = Math.min(curve.values.length, MAX_ROWS);
  const starts = intervalStarts(curve.start, curve.step, curve.zone, shown);
  const local = localTime(curve.zone);
  return (
    <details>
      <summary>Show as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Table of values">
        <table>
          <thead>
            <tr>
              <th scope="col">Start ({curve.zone})</th>
              <th scope="col" class="number">
                {unitName(curve.unit)}
              </th>
            </tr>
          </thead>
          <tbody>
            {starts.map((start, i) => {
              const value = curve.values[i] ?? null;
              return (
                <tr key={start}>
                  <td>{local(start).slice(0, 16).replace('T', ' ')}</td>
                  <td class="number">{value === null ? 'no data' : microDecimal(value)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      {shown < curve.values.length && (
        <p class="hint">
          The first {shown} of {curve.values.length} values. Downloads have them all.
        </p>
      )}
    </details>
  );
}
