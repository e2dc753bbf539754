import type { Commodity, Flow } from '@edmp/interface';
import { UNITS_OF_COMMODITY } from '@edmp/interface/dataset';
import type { FormatOptions } from '../../format.ts';
import type { SourceIssue } from '../../issues.ts';
import { type SourceUnit, sourceUnit } from '../../units.ts';

/** What an entity of Home Assistant counts. */
export interface Quantity {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly unit: SourceUnit;
}

/** What is known of an entity besides its name. */
export interface EntityFacts {
  readonly unit?: string | undefined;
  /** `device_class` of the entity, e.g. `energy`. */
  readonly deviceClass?: string | undefined;
}

const EXPORT = /(?:export|return|inject|feed_?in|delivered_to|production|teruglever|einspeis|solar)/;
/** Names of what is no counter, for exports that tell no units. */
const NO_COUNTER =
  /(?:power|vermogen|leistung|watt|voltage|spanning|current|stroom|temp|humid|cost|price|kosten|prijs|battery|factor|frequen|peak|signal)/;
const COMMODITY_WORDS: readonly (readonly [RegExp, Commodity])[] = [
  [/(?:^|[._])gas(?:$|[._])/, 'gas'],
  [/(?:^|[._])(?:water|wasser)(?:$|[._])/, 'water'],
];

/**
 * What an entity counts, by its unit, its class, its name and what the caller declares; undefined for temperatures, powers
 * and the like, and where nothing tells a unit. What was assumed is told.
 */
export function quantityOf(
  entity: string,
  { unit: told, deviceClass }: EntityFacts,
  { commodity: declared, flow: declaredFlow }: FormatOptions,
  issues: SourceIssue[],
): Quantity | undefined {
  const skip = (message: string): undefined => {
    issues.push({ code: 'skipped', at: entity, message });
  };
  const unit = told === undefined ? undefined : sourceUnit(told);
  if (told === undefined && NO_COUNTER.test(entity))
    return skip('By its name it is no counter of energy or volume');
  if (told !== undefined && unit === undefined)
    return skip(`Expected a unit of energy or volume, got ${JSON.stringify(told.slice(0, 20))}`);
  const named = COMMODITY_WORDS.find(([words]) => words.test(entity))?.[1];
  const byClass = deviceClass === 'gas' || deviceClass === 'water' ? deviceClass : undefined;
  const byUnit = unit === undefined ? undefined : unit.unit === 'uKWh' ? 'electricity' : undefined;
  const commodity = declared ?? byClass ?? byUnit ?? (unit === undefined ? undefined : named);
  if (commodity === undefined) {
    return skip(
      unit === undefined
        ? 'The export tells no unit; say what was metered (commodity) to read it in kWh or m³'
        : 'The export does not say what was metered (commodity)',
    );
  }
  const usual = UNITS_OF_COMMODITY[commodity][0];
  const taken = unit ?? { unit: usual, power: 0 };
  if (!UNITS_OF_COMMODITY[commodity].includes(taken.unit))
    return skip(`${commodity} is not counted in ${JSON.stringify((told ?? '').slice(0, 20))}`);
  const flow = declaredFlow ?? (EXPORT.test(entity) ? 'export' : 'import');
  if (unit === undefined) {
    issues.push({
      code: 'assumed',
      at: entity,
      message: `No unit is told; read as ${usual === 'uKWh' ? 'kWh' : 'm³'}`,
    });
  }
  if (declaredFlow === undefined && commodity === 'electricity') {
    issues.push({
      code: 'assumed',
      at: entity,
      message: `By its name it is ${flow === 'import' ? 'drawn from' : 'fed into'} the grid; say the direction (flow) to confirm`,
    });
  }
  return { commodity, flow, unit: taken };
}
