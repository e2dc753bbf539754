import type { Commodity, IntervalStep, MeterView } from '@edmp/node/client';
import { localTime } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Loading, Problem } from '../components/bits.tsx';
import { Swatch } from '../components/icon.tsx';
import { Segments } from '../components/segments.tsx';
import { Dual } from '../pictures/draw.tsx';
import { LoadCurve, slotUnder } from '../pictures/load-curve.tsx';
import { measures, useDays } from '../state/day.ts';
import { clockOf, type Day, energyOf, joined, type Slot } from '../text/slots.ts';
import { addDays, earlier, longDay, number, shortDay } from '../text/when.ts';
import { type MessageKey, t } from '../words/index.ts';

type Span = 'day' | 'week' | 'month' | 'year';

const SPANS: Readonly<
  Record<
    Span,
    {
      readonly days: number;
      readonly step: IntervalStep;
      readonly word: MessageKey & `energy.step.${string}`;
    }
  >
> = {
  day: { days: 1, step: 'PT15M', word: 'energy.step.quarter' },
  week: { days: 7, step: 'PT1H', word: 'energy.step.hour' },
  month: { days: 30, step: 'P1D', word: 'energy.step.day' },
  year: { days: 365, step: 'P1D', word: 'energy.step.day' },
};
const MAX_ROWS = 400;

/** The load curve of a day, week, month or year, with a reading for each moment and the same as a table. */
export function CurveCard(props: {
  readonly meter: MeterView;
  readonly commodity: Commodity;
  readonly newest: string;
  readonly now: number;
}): VNode {
  const { meter, commodity, newest, now } = props;
  const [span, setSpan] = useState<Span>('day');
  const [last, setLast] = useState(newest);
  const { days: length, step } = SPANS[span];
  const from = addDays(last, 1 - length);
  const days = useDays(meter, from, last, step, commodity);
  const to = last;
  const move = (by: number): void => {
    const next = addDays(last, by * length);
    setLast(earlier(next, newest));
  };
  const title = span === 'day' ? longDay(to) : `${shortDay(from)} – ${shortDay(to)}`;
  return (
    <section class="card" aria-labelledby="curve">
      <header class="wrap mid-al">
        <div class="row tight">
          <button type="button" class="btn small sq" aria-label={t('energy.before')} onClick={() => move(-1)}>
            ‹
          </button>
          <h2 id="curve">{title}</h2>
          <button
            type="button"
            class="btn small sq"
            aria-label={t('energy.after')}
            disabled={last >= newest}
            onClick={() => move(1)}
          >
            ›
          </button>
        </div>
        <Segments
          label={t('energy.span')}
          value={span}
          options={(['day', 'week', 'month', 'year'] as const).map((id) => ({ id, name: t(`energy.${id}`) }))}
          onChange={setSpan}
        />
      </header>
      <Problem error={days.error} />
      {days.value === undefined && days.error === undefined && <Loading what={t('common.readings')} />}
      {days.value !== undefined && (
        <Curve
          key={`${from} ${to} ${step}`}
          days={days.value}
          span={span}
          zone={meter.zone}
          unit={commodity === 'electricity' || commodity === 'heat' ? 'kW' : 'm³/h'}
          hasGiven={measures(meter, 'export', commodity)}
          until={Math.min(now, meter.lastUpdate ?? now)}
        />
      )}
    </section>
  );
}

function Curve(props: {
  readonly days: readonly Day[];
  readonly span: Span;
  readonly zone: string;
  readonly unit: string;
  readonly hasGiven: boolean;
  readonly until: number;
}): VNode {
  const { days, span, unit, hasGiven } = props;
  const slots = days.flatMap((day) => day.slots);
  const highest = slots.reduce(
    (best, slot, i) => ((slot.bought ?? -1) > (slots[best]?.bought ?? -1) ? i : best),
    0,
  );
  const [at, setAt] = useState(highest);
  const nameOf = (slot: Slot | undefined): string => slotName(slot, span, props.zone);
  const chosen = slots[at];
  const peak = slots[highest];
  const energy = unit === 'kW' ? 'kWh' : 'm³';
  if (slots.every((slot) => slot.bought === null && slot.given === null))
    return <p class="q">{t('energy.none')}</p>;
  const [net, isGiven] = [
    Math.max(chosen?.bought ?? 0, chosen?.given ?? 0),
    (chosen?.given ?? 0) > (chosen?.bought ?? 0),
  ];
  const surplus = span === 'day' ? surplusOf(slots) : undefined;
  const caption = [
    t('energy.curve.mean', { unit, step: t(SPANS[span].word) }),
    peak?.bought == null
      ? ''
      : t('energy.curve.found', {
          power: number(peak.bought, 2),
          unit,
          when: nameOf(peak),
        }),
    surplus === undefined ? '' : t('energy.curve.surplus', surplus),
  ].join(' ');
  return (
    <>
      <div class="row between readout">
        <div class="three wider">
          <div>
            <span class="q s">{t('energy.at', { when: nameOf(chosen) })}</span>
            <div class="mid">
              {chosen?.bought == null && chosen?.given == null ? (
                <small>{t('energy.nothing')}</small>
              ) : (
                <>
                  {number(net, 2)}{' '}
                  <small>{isGiven ? t('energy.kwGiven', { unit }) : t('energy.kwBought', { unit })}</small>
                </>
              )}
            </div>
          </div>
          <div>
            <span class="q s">{t('energy.bought')}</span>
            <div class="mid">
              {number(energyOf(slots, 'bought'), 1)} <small>{energy}</small>
            </div>
          </div>
          {hasGiven && (
            <div>
              <span class="q s">{t('energy.given')}</span>
              <div class="mid">
                {number(energyOf(slots, 'given'), 1)} <small>{energy}</small>
              </div>
            </div>
          )}
        </div>
        <div class="legend">
          <span>
            <Swatch fill="f-imp" />
            {t('energy.legend.bought')}
          </span>
          {hasGiven && (
            <span>
              <Swatch fill="f-exp" />
              {t('energy.legend.given')}
            </span>
          )}
          <span>
            <Swatch fill="f-gap" />
            {t('energy.legend.gap')}
          </span>
        </div>
      </div>
      <figure class="fig">
        <div
          role="slider"
          tabIndex={0}
          aria-label={t('energy.curve')}
          aria-valuemin={0}
          aria-valuemax={slots.length - 1}
          aria-valuenow={at}
          aria-valuetext={`${nameOf(chosen)}: ${chosen?.bought == null ? t('energy.nothing') : `${number(net, 2)} ${unit}`}`}
          onKeyDown={(event) => {
            const by = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            setAt((old) => Math.min(slots.length - 1, Math.max(0, old + by)));
          }}
          onPointerMove={(event) => {
            const box = [...event.currentTarget.querySelectorAll('svg')].find((svg) => svg.clientWidth > 0);
            if (box === undefined) return;
            const { left, width } = box.getBoundingClientRect();
            setAt(slotUnder((event.clientX - left) / width, box.viewBox.baseVal.width, slots.length));
          }}
        >
          <Dual
            wide={1080}
            narrow={342}
            draw={(width, isNarrow) => (
              <LoadCurve
                width={width}
                height={isNarrow ? 200 : 270}
                slots={slots}
                ticks={ticksOf(days, span, isNarrow)}
                at={at}
                until={props.until}
                label={caption}
              />
            )}
          />
        </div>
        <figcaption>{caption}</figcaption>
      </figure>
      <CurveTable days={days} span={span} zone={props.zone} unit={energy} hasGiven={hasGiven} />
    </>
  );
}

function slotName(slot: Slot | undefined, span: Span, zone: string): string {
  if (slot === undefined) return '';
  const day = localTime(zone)(slot.start).slice(0, 10);
  if (span === 'day') return clockOf(slot.minute);
  return span === 'week' ? `${shortDay(day)}, ${clockOf(slot.minute)}` : shortDay(day);
}

/** From the first to the last slot in which more was given than bought. */
function surplusOf(slots: readonly Slot[]): { readonly from: string; readonly to: string } | undefined {
  const over = slots.filter((slot) => (slot.given ?? 0) > (slot.bought ?? 0));
  const [first, last] = [over[0], over.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return { from: clockOf(first.minute), to: clockOf(last.minute + last.length) };
}

function ticksOf(
  days: readonly Day[],
  span: Span,
  isNarrow: boolean,
): readonly { readonly index: number; readonly text: string }[] {
  const slots = days.flatMap((day) => day.slots);
  if (span === 'day') {
    const every = isNarrow ? 360 : 180;
    return [
      ...slots.flatMap((slot, index) =>
        slot.minute % every === 0 ? [{ index, text: clockOf(slot.minute) }] : [],
      ),
      { index: slots.length, text: '24:00' },
    ];
  }
  const starts: number[] = [];
  let count = 0;
  for (const day of days) {
    starts.push(count);
    count += day.slots.length;
  }
  const every = Math.max(1, Math.ceil(days.length / (isNarrow ? 4 : 8)));
  return days.flatMap((day, i) =>
    i % every === 0 ? [{ index: starts[i] ?? 0, text: shortDay(day.date) }] : [],
  );
}

function CurveTable(props: {
  readonly days: readonly Day[];
  readonly span: Span;
  readonly zone: string;
  readonly unit: string;
  readonly hasGiven: boolean;
}): VNode {
  const { days, span, unit, hasGiven } = props;
  const rows = (
    span === 'day' ? days.flatMap((day) => joined(day.slots, 60)) : days.flatMap((day) => day.slots)
  ).slice(0, MAX_ROWS);
  const text = (slot: Slot, way: 'bought' | 'given'): string =>
    slot[way] === null ? t('energy.table.none') : number(energyOf([slot], way), 2);
  return (
    <details>
      <summary>{t('common.table')}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={t('common.table')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('energy.table.from')}</th>
              <th scope="col" class="n">
                {t('energy.table.bought', { unit })}
              </th>
              {hasGiven && (
                <th scope="col" class="n">
                  {t('energy.table.given', { unit })}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((slot) => (
              <tr key={slot.start}>
                <td>{slotName(slot, span, props.zone)}</td>
                <td class="n">{text(slot, 'bought')}</td>
                {hasGiven && <td class="n">{text(slot, 'given')}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
