import type { MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Mark } from '../components/badge.tsx';
import { Loading, Problem } from '../components/bits.tsx';
import { Swatch } from '../components/icon.tsx';
import { Dual } from '../pictures/draw.tsx';
import { type Coverage, GapStrip } from '../pictures/gap-strip.tsx';
import { HeatMap } from '../pictures/heat-map.tsx';
import { UsualDay } from '../pictures/usual-day.tsx';
import { useDays } from '../state/day.ts';
import { baseLoad, busiestHour, quietDays, usualDay } from '../text/habits.ts';
import { clockOf, type Day, gapsOf } from '../text/slots.ts';
import { addDays, longDay, number, shortDay } from '../text/when.ts';
import { t } from '../words/index.ts';

const DAYS = 28;
const MOST_GAPS = 5;

/** The last four weeks: hour by day, in words, and what is missing. */
export function FourWeeks(props: {
  readonly meter: MeterView;
  readonly newest: string;
  readonly now: number;
}): VNode {
  const { meter, newest, now } = props;
  const from = addDays(newest, 1 - DAYS);
  const hours = useDays(meter, from, newest, 'PT1H');
  const quarters = useDays(meter, from, newest, 'PT15M');
  const until = Math.min(now, meter.lastUpdate ?? now);
  if (hours.value === undefined)
    return hours.error === undefined ? (
      <Loading what={t('common.readings')} />
    ) : (
      <Problem error={hours.error} />
    );
  return (
    <>
      <div class="grid stretch">
        <Heat days={hours.value} until={until} />
        <Words days={hours.value} />
      </div>
      {quarters.value !== undefined && <Gaps days={quarters.value} until={until} />}
    </>
  );
}

function hourName(hour: number): string {
  return `${hour}–${hour + 1} h`;
}

function Heat({ days, until }: { readonly days: readonly Day[]; readonly until: number }): VNode {
  const busiest = busiestHour(days);
  const missing = days
    .flatMap((day) => day.slots)
    .filter((slot) => slot.bought === null && slot.start + 3_600_000 <= until).length;
  const label = t('energy.heat.label', {
    from: shortDay(days[0]?.date ?? '1970-01-01'),
    to: shortDay(days.at(-1)?.date ?? '1970-01-01'),
    hour: busiest === undefined ? '–' : hourName(busiest.hour),
    gaps: missing,
  });
  return (
    <section class="card c8" aria-labelledby="heat">
      <header>
        <h2 id="heat">{t('energy.heat')}</h2>
        <span class="s q on-wide">{t('energy.heat.what')}</span>
      </header>
      <figure class="fig">
        <Dual
          wide={696}
          narrow={326}
          draw={(width, isNarrow) => (
            <HeatMap width={width} isNarrow={isNarrow} days={days} until={until} label={label} />
          )}
        />
        <div class="legend spaced">
          <span>{t('energy.heat.little')}</span>
          <span class="ramp">
            {[0, 1, 2, 3, 4, 5].map((step) => (
              <Swatch key={step} fill={`h${step}`} />
            ))}
          </span>
          <span>{t('energy.heat.much')}</span>
          <span>
            <Swatch fill="f-gap" />
            {t('energy.legend.gap')}
          </span>
        </div>
      </figure>
    </section>
  );
}

function Words({ days }: { readonly days: readonly Day[] }): VNode {
  const busiest = busiestHour(days);
  const base = baseLoad(days);
  const quiet = quietDays(days);
  const usual = usualDay(days);
  const peakOf = (powers: readonly number[] | null): string =>
    powers === null ? '–' : `${powers.indexOf(Math.max(...powers))} h`;
  return (
    <section class="card c4" aria-labelledby="says">
      <h2 id="says">{t('energy.words')}</h2>
      <ul class="list spaced">
        {busiest !== undefined && (
          <li>
            {t('energy.words.busy', { hour: hourName(busiest.hour), n: busiest.days, all: busiest.of })}
          </li>
        )}
        {base !== undefined && <li>{t('energy.words.base', { power: number(base, 2) })}</li>}
        {quiet.length > 0 && (
          <li>{t('energy.words.quiet', { days: quiet.slice(0, 4).map(shortDay).join(', ') })}</li>
        )}
      </ul>
      <hr class="rule" />
      <figure class="fig">
        <h3 class="s">{t('energy.usual')}</h3>
        <UsualDay
          work={usual.work}
          weekend={usual.weekend}
          label={t('energy.usual.label', { work: peakOf(usual.work), end: peakOf(usual.weekend) })}
        />
        <div class="legend">
          <span>
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <path d="M0 7h14" class="k-imp" stroke-width="3" />
            </svg>
            {t('energy.usual.work')}
          </span>
          <span>
            <svg viewBox="0 0 14 14" aria-hidden="true">
              <path d="M0 7h14" class="k-exp" stroke-width="3" stroke-dasharray="4 3" />
            </svg>
            {t('energy.usual.weekend')}
          </span>
        </div>
      </figure>
    </section>
  );
}

function Gaps({ days, until }: { readonly days: readonly Day[]; readonly until: number }): VNode {
  const found = days.map((day) => ({ ...day, gaps: gapsOf(day.slots, until) }));
  const rows = found.flatMap(({ date, gaps }) => gaps.map((gap) => ({ date, ...gap })));
  const past = days.flatMap((day) => day.slots).filter((slot) => slot.start + slot.length * 60_000 <= until);
  const there = past.filter((slot) => slot.bought !== null || slot.given !== null).length;
  // Rounded down: what is not all there is never called so.
  const share = past.length === 0 ? 100 : Math.floor((there / past.length) * 1_000) / 10;
  const coverage = found.map(({ date, slots, gaps }): Coverage => {
    const length = slots.reduce((sum, slot) => sum + slot.length, 0) || 1_440;
    const over = slots.filter((slot) => slot.start + slot.length * 60_000 <= until);
    return {
      date,
      until: over.reduce((sum, slot) => sum + slot.length, 0) / length,
      gaps: gaps.map((gap) => ({ from: gap.from / length, to: gap.to / length })),
    };
  });
  const broken = found.filter(({ gaps }) => gaps.length > 0).map(({ date }) => shortDay(date));
  const label = t('energy.gaps.label', {
    n: days.length,
    days: broken.length === 0 ? t('energy.gaps.none') : broken.slice(0, 8).join(', '),
  });
  return (
    <section class="card" id="gaps" aria-labelledby="gaps-title">
      <header>
        <h2 id="gaps-title">{t('energy.gaps')}</h2>
        <Mark tone={share >= 99 ? 'good' : 'warn'} icon={share >= 99 ? 'ok' : 'warn'}>
          {t('energy.gaps.share', { share: number(share, 1) })}
        </Mark>
      </header>
      <figure class="fig">
        <Dual
          wide={1080}
          narrow={326}
          draw={(width) => <GapStrip width={width} days={coverage} label={label} />}
        />
      </figure>
      <ul class="list spaced">
        {rows.slice(-MOST_GAPS).map((gap) => (
          <li class="row between s" key={`${gap.date} ${gap.from}`}>
            <b>
              {t('energy.gaps.row', { day: longDay(gap.date), from: clockOf(gap.from), to: endOf(gap.to) })}
            </b>
            <span class="q">{t('energy.gaps.stays')}</span>
          </li>
        ))}
      </ul>
      {rows.length > MOST_GAPS && <p class="s q">{t('energy.gaps.more', { n: rows.length - MOST_GAPS })}</p>}
      <p class="s q spaced">{t('energy.gaps.honest')}</p>
    </section>
  );
}

const endOf = (minute: number): string => (minute % 1_440 === 0 ? '24:00' : clockOf(minute));
