import { type CurveView, intervalStarts, localTime, microDecimal, unitName } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatEnergy } from '../text/format.ts';
import { stepName } from '../text/words.ts';

const HEIGHT = 240;
const MAX_ROWS = 500;

/** A load curve: a picture for the eye, a sentence and a table for everybody. */
export function Chart(props: { readonly curve: CurveView; readonly title: string }): VNode {
  const { curve } = props;
  const host = useRef<HTMLDivElement>(null);
  const unit = unitName(curve.unit);
  const known = curve.values.filter((value) => value !== null);
  const total = known.reduce((sum, value) => sum + value, 0);
  const gaps = curve.values.length - known.length;

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    let plot = draw(element, curve);
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => {
      plot.destroy();
      plot = draw(element, curve);
    };
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      resized.disconnect();
      plot.destroy();
    };
  }, [curve]);

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
      <div ref={host} class="plot" role="img" aria-label={`${props.title}: ${summary}`} />
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

function draw(element: HTMLDivElement, curve: CurveView): uPlot {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const unit = unitName(curve.unit);
  const [times, values] = outline(curve);
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), curve.zone),
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [
        { ...axis, values: timeLabels(curve) },
        { ...axis, size: 56, label: unit === 'm3' ? 'm³' : unit, labelSize: 18, labelFont: axis.font },
      ],
      series: [
        {},
        {
          stroke: color('--accent'),
          fill: color('--accent-soft'),
          width: 2,
          points: { show: false },
        },
      ],
    },
    [times, values],
    element,
  );
}

/** The top of one bar per interval, from its start to its end, so that gaps and day lengths show true. */
function outline(curve: CurveView): [times: number[], values: (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const starts = intervalStarts(curve.start, curve.step, curve.zone, curve.values.length + 1);
  for (const [i, micro] of curve.values.entries()) {
    const value = micro === null ? null : micro / 1_000_000;
    times.push((starts[i] ?? 0) / 1000, (starts[i + 1] ?? 0) / 1000);
    values.push(value, value);
  }
  return [times, values];
}

function timeLabels(curve: CurveView): uPlot.Axis.Values {
  const local = localTime(curve.zone);
  return (_, splits) =>
    splits.map((seconds) => {
      const text = local(seconds * 1000);
      const [date = '', time = ''] = [text.slice(5, 10), text.slice(11, 16)];
      return time === '00:00' ? date : time;
    });
}
