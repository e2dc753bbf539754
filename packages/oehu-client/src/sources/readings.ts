import { Quality, type RegisterReading } from '@edmp/interface';
import type { IntervalReading, MeterReading } from '../reading.ts';

/** What a format must know of an interval. */
type IntervalFacts = Pick<
  IntervalReading,
  'commodity' | 'flow' | 'start' | 'duration' | 'value' | 'unit' | 'register'
> &
  Partial<Pick<IntervalReading, 'tariff' | 'quality'>> & { readonly serial?: string | undefined };

/** An unsigned interval reading; tariff `total` and quality `measured` unless told. */
export function intervalOf({ serial, ...facts }: IntervalFacts): IntervalReading {
  return {
    tariff: 'total',
    quality: Quality.measured,
    ...facts,
    trust: 'unsigned',
    record: `${serial ?? facts.register}@${facts.start}`,
    ...(serial === undefined ? {} : { serial }),
  };
}

/** What a format must know of a register. */
type RegisterFacts = Pick<RegisterReading, 'commodity' | 'flow' | 'at' | 'value' | 'unit'> & {
  readonly register: string;
  readonly serial?: string | undefined;
  readonly tariff?: number | 'total';
};

/** An unsigned register reading; tariff `total` unless told. */
export function registerOf({ serial, ...facts }: RegisterFacts): MeterReading {
  return {
    tariff: 'total',
    ...facts,
    trust: 'unsigned',
    record: `${serial ?? facts.register}@${facts.at}`,
    ...(serial === undefined ? {} : { serial }),
  };
}
