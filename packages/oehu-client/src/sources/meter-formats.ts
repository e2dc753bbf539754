import type { MeterFormat } from './format.ts';
import { atEdaFormat } from './formats/at-eda.ts';
import { fluviusFormat } from './formats/be-fluvius.ts';
import { csvFormat } from './formats/csv/format.ts';
import { greenButtonFormat } from './formats/green-button.ts';
import { homewizardFormat } from './formats/homewizard.ts';
import { mijnAansluitingFormat } from './formats/nl-mijn-aansluiting.ts';
import { oehuFormat } from './formats/oehu-document.ts';
import { p1Format } from './formats/p1/log.ts';
import { senmlFormat } from './formats/senml.ts';
import { smlFormat } from './formats/sml/sml.ts';

/** Every kind of meter file that can be read. The first one that a file looks like is taken. */
export const METER_FORMATS: readonly MeterFormat[] = [
  smlFormat,
  p1Format,
  atEdaFormat,
  greenButtonFormat,
  homewizardFormat,
  oehuFormat,
  mijnAansluitingFormat,
  fluviusFormat,
  senmlFormat,
  csvFormat,
];
