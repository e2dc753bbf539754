import { type IntervalStep, Quality } from '@edmp/interface';
import type { CurveQuery, CurveView, RevealsView } from '@edmp/node';
import { revealsByStep } from '@edmp/oehu-client/privacy';

const STEP_MINUTES: Record<IntervalStep, number> = {
  PT1M: 1,
  PT5M: 5,
  PT15M: 15,
  PT30M: 30,
  PT1H: 60,
  P1D: 1440,
};

/** A household's day: base load, morning and evening peaks, one gap at 03:00; the same for the same query. */
export function fakeCurve(query: CurveQuery): CurveView {
  const minutes = STEP_MINUTES[query.step];
  const start = Date.parse(`${query.from}T00:00:00+01:00`);
  const days = Math.round((Date.parse(query.to) - Date.parse(query.from)) / 86_400_000) + 1;
  const values = Array.from({ length: (days * 1440) / minutes }, (_, i) => {
    const hour = ((i * minutes) / 60) % 24;
    if (query.step !== 'P1D' && hour === 3) return null;
    const peak = (at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));
    if (query.flow === 'export') return Math.round(1.9 * peak(12.7, 2.2) * (minutes / 60) * 1_000_000);
    const kilowatts = 0.18 + 0.9 * peak(7.5, 1) + 1.6 * peak(18.5, 2) + 0.05 * Math.sin(i * 7);
    return Math.round(kilowatts * (minutes / 60) * 1_000_000);
  });
  return {
    commodity: query.commodity,
    flow: query.flow,
    unit: query.commodity === 'gas' ? 'uM3' : 'uKWh',
    step: query.step,
    zone: 'Europe/Amsterdam',
    start,
    values,
    attestation: 'signed',
    verified: values.length + 1,
  };
}

/** What a curve reveals, by the rules of the real node. */
export function fakeReveals(view: CurveView): readonly RevealsView[] {
  const { values } = view;
  const quality = Uint8Array.from(values, (value) => (value === null ? Quality.missing : Quality.measured));
  const unit = view.commodity === 'gas' ? ('uM3' as const) : ('uKWh' as const);
  const series = { ...view, unit, values, quality, trust: 'signed' as const };
  return revealsByStep(series).map(({ step, found }) => ({ step, found }));
}
