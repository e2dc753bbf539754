import { localDay, type MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Loading, Problem } from '../components/bits.tsx';
import { Icon } from '../components/icon.tsx';
import { Segments } from '../components/segments.tsx';
import { measures, useMeters } from '../state/day.ts';
import { useNode } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { t } from '../words/index.ts';
import { CurveCard } from './readings-curve.tsx';
import { FourSteps } from './readings-reveal.tsx';
import { FourWeeks } from './readings-weeks.tsx';

const COMMODITIES = ['electricity', 'gas', 'water', 'heat'] as const;

/** What the meters measured: the curve, four weeks, what is missing, and what all that tells. */
export function ReadingsPage(): VNode {
  const now = useNode().now();
  const meters = useMeters();
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [commodity, setCommodity] = useState<(typeof COMMODITIES)[number]>('electricity');
  if (meters.value === undefined || now === undefined)
    return meters.error === undefined ? (
      <Loading what={t('common.readings')} />
    ) : (
      <Problem error={meters.error} />
    );
  const meter = meters.value.find(({ id }) => id === chosen) ?? meters.value[0];
  if (meter === undefined) return <NoReadings />;
  const kinds = COMMODITIES.filter((each) => measures(meter, 'import', each));
  const kind = kinds.includes(commodity) ? commodity : (kinds[0] ?? 'electricity');
  const newest = newestDay(meter, now);
  return (
    <>
      <div class="head">
        <div>
          <h1>{t('place.energy')}</h1>
          <p>{t('energy.where', { meter: meter.label })}</p>
        </div>
        <div class="row tight">
          {meters.value.length > 1 && (
            <label class="field inline">
              <span class="vh">{t('energy.meter')}</span>
              <select value={meter.id} onChange={(event) => setChosen(event.currentTarget.value)}>
                {meters.value.map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.label}
                  </option>
                ))}
              </select>
            </label>
          )}
          {kinds.length > 1 && (
            <Segments
              label={t('energy.what')}
              value={kind}
              options={kinds.map((id) => ({ id, name: t(`energy.kind.${id}`) }))}
              onChange={setCommodity}
            />
          )}
        </div>
      </div>
      <div class="stack-l">
        <CurveCard key={`${meter.id} ${kind}`} meter={meter} commodity={kind} newest={newest} now={now} />
        {kind === 'electricity' && (
          <>
            <FourWeeks key={meter.id} meter={meter} newest={newest} now={now} />
            <FourSteps key={`${meter.id} steps`} meter={meter} now={now} />
          </>
        )}
      </div>
    </>
  );
}

/** The newest local day with readings. A reading at midnight ends the day before it. */
function newestDay(meter: MeterView, now: number): string {
  return localDay((meter.lastUpdate ?? now) - 1, meter.zone, 0);
}

function NoReadings(): VNode {
  return (
    <div class="empty">
      <Icon name="meter" />
      <h1>{t('home.noMeter')}</h1>
      <p class="q">{t('home.noMeter.text')}</p>
      <a class="btn go" href={linkTo('meters')}>
        {t('home.connect')}
      </a>
    </div>
  );
}
