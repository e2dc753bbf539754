import type { MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Icon } from '../components/icon.tsx';
import { Dual } from '../pictures/draw.tsx';
import { dayUnder, MonthBrush } from '../pictures/month-brush.tsx';
import { useDays } from '../state/day.ts';
import { quietDays } from '../text/habits.ts';
import { addDays, shortDay } from '../text/when.ts';
import { t } from '../words/index.ts';

const DAYS = 28;

/** The last four weeks by the day: press and draw over them, or use the sliders, to choose what is sold. */
export function DayBrush(props: {
  readonly meter: MeterView;
  /** The newest day that is whole, `YYYY-MM-DD`. */
  readonly newest: string;
  readonly from: string;
  readonly to: string;
  readonly onChange: (from: string, to: string) => void;
}): VNode | null {
  const { meter, newest, from, to, onChange } = props;
  const start = addDays(newest, 1 - DAYS);
  const sums = useDays(meter, start, newest, 'P1D');
  const hours = useDays(meter, start, newest, 'PT1H');
  const days = sums.value ?? [];
  if (days.length === 0) return null;
  const dates = days.map(({ date }) => date);
  const [first, last] = [dates.findIndex((date) => date >= from), dates.findLastIndex((date) => date <= to)];
  const chosen = first === -1 || last === -1 || first > last ? undefined : ([first, last] as const);
  const pick = (a: number, b: number): void =>
    onChange(dates[Math.min(a, b)] ?? from, dates[Math.max(a, b)] ?? to);
  const count = chosen === undefined ? 0 : chosen[1] - chosen[0] + 1;
  const words = from === to ? shortDay(from) : `${shortDay(from)} – ${shortDay(to)}`;
  const label = t('sell.brush.label', { from: shortDay(start), to: shortDay(newest), chosen: words });
  const quiet = quietDays(hours.value ?? []).filter((date) => date >= from && date <= to);
  const under = (event: PointerEvent & { readonly currentTarget: HTMLElement }): number | undefined => {
    const box = [...event.currentTarget.querySelectorAll('svg')].find((svg) => svg.clientWidth > 0);
    if (box === undefined) return undefined;
    const { left, width } = box.getBoundingClientRect();
    return dayUnder((event.clientX - left) / width, box.viewBox.baseVal.width, dates.length);
  };
  const slider = (name: string, value: number, onMove: (at: number) => void): VNode => (
    <label class="field">
      <span class="row between">
        {name} <b>{shortDay(dates[value] ?? newest)}</b>
      </span>
      <input
        type="range"
        min="0"
        max={dates.length - 1}
        value={value}
        aria-valuetext={shortDay(dates[value] ?? newest)}
        onInput={(event) => onMove(Number(event.currentTarget.value))}
      />
    </label>
  );
  return (
    <div class="stack-s">
      <div class="row between">
        <h3>{t('sell.brush')}</h3>
        <span class="num">
          <b>{words}</b> <span class="q">· {t('sell.brush.days', { n: count })}</span>
        </span>
      </div>
      <figure
        class="fig brushing"
        onPointerDown={(event) => {
          const at = under(event);
          if (at === undefined) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          event.currentTarget.dataset.from = String(at);
          pick(at, at);
        }}
        onPointerMove={(event) => {
          const began = event.currentTarget.dataset.from;
          const at = under(event);
          if (began !== undefined && at !== undefined) pick(Number(began), at);
        }}
        onPointerUp={(event) => {
          delete event.currentTarget.dataset.from;
        }}
        onPointerCancel={(event) => {
          delete event.currentTarget.dataset.from;
        }}
      >
        <Dual
          wide={700}
          narrow={326}
          draw={(width, isNarrow) => (
            <MonthBrush
              width={width}
              height={isNarrow ? 150 : 170}
              days={days}
              chosen={chosen}
              label={label}
            />
          )}
        />
      </figure>
      <div class="two">
        {slider(t('sell.brush.first'), chosen?.[0] ?? 0, (at) => pick(at, Math.max(at, chosen?.[1] ?? at)))}
        {slider(t('sell.brush.last'), chosen?.[1] ?? dates.length - 1, (at) =>
          pick(Math.min(at, chosen?.[0] ?? at), at),
        )}
      </div>
      <div class="row tight">
        <button type="button" class="btn small" onClick={() => pick(dates.length - 1, dates.length - 1)}>
          {t('sell.brush.day')}
        </button>
        <button type="button" class="btn small" onClick={() => pick(dates.length - 7, dates.length - 1)}>
          {t('sell.brush.week')}
        </button>
        <button type="button" class="btn small" onClick={() => pick(0, dates.length - 1)}>
          {t('sell.brush.all')}
        </button>
      </div>
      {quiet.length > 0 && (
        <div class="note warn">
          <Icon name="eye" />
          <div>
            {t('sell.brush.quiet', { n: quiet.length, days: quiet.slice(0, 4).map(shortDay).join(', ') })}
          </div>
        </div>
      )}
    </div>
  );
}
