import { localDay, localTime, type MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Problem } from '../components/bits.tsx';
import { Icon, Swatch } from '../components/icon.tsx';
import { DayRing } from '../pictures/day-ring.tsx';
import { measures, useDays } from '../state/day.ts';
import { useLive } from '../state/live.ts';
import { useNode } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { powerWords } from '../text/meters.ts';
import { energyOf } from '../text/slots.ts';
import { distance, earlier, longDay, number } from '../text/when.ts';
import { t } from '../words/index.ts';

/** A power that is older than this is not that of now, ms. */
const STALE_MS = 60_000;

/** Today of the first meter that measures electricity: the ring, the power now, the sums. */
export function Today({ meters }: { readonly meters: readonly MeterView[] }): VNode {
  const now = useNode().now() ?? 0;
  const meter = meters.find((each) => measures(each, 'import')) ?? meters[0];
  const live = useLive(meter?.mount ?? '');
  const last = meter?.lastUpdate ?? null;
  const today = meter === undefined ? '' : localDay(now, meter.zone, 0);
  // A reading at midnight ends the day before it.
  const newest = meter === undefined || last === null ? today : localDay(last - 1, meter.zone, 0);
  const day = earlier(newest, today);
  const days = useDays(meter, day, day, 'PT15M');
  if (meter === undefined) return <NoMeter />;
  // What is to come is not measured, whatever a meter's clock says.
  const slots = (days.value?.[0]?.slots ?? []).map((slot) =>
    slot.start + slot.length * 60_000 > now ? { ...slot, bought: null, given: null } : slot,
  );
  const [bought, given] = [energyOf(slots, 'bought'), energyOf(slots, 'given')];
  const isToday = day === today;
  const clock = localTime(meter.zone)(now);
  const isLive = live !== undefined && now - live.at < STALE_MS;
  const power = isLive ? powerWords(live) : undefined;
  const latest = slots.findLast((slot) => slot.bought !== null || slot.given !== null);
  const net = (latest?.given ?? 0) - (latest?.bought ?? 0);
  return (
    <section class="card c7" aria-labelledby="now">
      <header>
        <h2 id="now">{isToday ? t('home.today') : t('home.lastDay', { day: longDay(day) })}</h2>
        <a href={linkTo('readings')}>{t('home.allReadings')}</a>
      </header>
      <Problem error={days.error} />
      <div class="today">
        <figure class="fig ringfig">
          <DayRing
            slots={slots}
            nowMinute={isToday ? Number(clock.slice(11, 13)) * 60 + Number(clock.slice(14, 16)) : undefined}
            number={
              power !== undefined
                ? power.number
                : isToday && latest !== undefined
                  ? number(Math.abs(net), 2)
                  : number(bought, 1)
            }
            words={
              power !== undefined
                ? `${power.unit} ${power.isExport ? t('home.toGrid') : t('home.fromGrid')}`
                : isToday && latest !== undefined
                  ? `kW ${net > 0 ? t('home.toGrid') : t('home.fromGrid')}`
                  : `kWh ${t('home.boughtDay')}`
            }
            label={t('home.ring', {
              bought: `${number(bought, 1)} kWh`,
              given: `${number(given, 1)} kWh`,
            })}
          />
        </figure>
        <div class="stack-l">
          <div class="stack three">
            <Sum fill="f-imp" name={t('home.bought')} value={`${number(bought, 1)}`} />
            {measures(meter, 'export') && (
              <Sum fill="f-exp" name={t('home.given')} value={`${number(given, 1)}`} />
            )}
          </div>
          {slots.length > 0 && latest === undefined && <p class="s q">{t('home.noReadings')}</p>}
          {last !== null && (
            <p class="s q live-line">
              <span class={isLive || now - last < 15 * STALE_MS ? 'dot' : 'dot off'} />
              {t('home.lastReading', { when: distance(isLive ? live.at : last, now) })}
            </p>
          )}
        </div>
      </div>
    </section>
  );
}

function Sum(props: { readonly fill: string; readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <div class="row tight q s">
        <Swatch fill={props.fill} /> {props.name}
      </div>
      <div class="mid">
        {props.value} <small>kWh</small>
      </div>
    </div>
  );
}

function NoMeter(): VNode {
  return (
    <section class="card c7" aria-labelledby="now">
      <h2 id="now">{t('home.today')}</h2>
      <div class="empty">
        <Icon name="meter" />
        <h3>{t('home.noMeter')}</h3>
        <p class="q">{t('home.noMeter.text')}</p>
        <a class="btn" href={linkTo('meters')}>
          {t('home.connect')}
        </a>
      </div>
    </section>
  );
}
