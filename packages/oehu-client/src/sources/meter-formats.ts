import type { MeterFormat } from './format.ts';
import { atEdaFormat } from './formats/at-eda.ts';
import { netzNoeFormat } from './formats/at-netz-noe.ts';
import { wienerNetzeFormat } from './formats/at-wiener-netze.ts';
import { fluviusFormat } from './formats/be-fluvius.ts';
import { fluviusCsvFormat } from './formats/be-fluvius-csv.ts';
import { csvFormat } from './formats/csv/format.ts';
import { datadisCsvFormat } from './formats/es-datadis-csv.ts';
import { octopusCsvFormat } from './formats/gb-octopus-csv.ts';
import { greenButtonFormat } from './formats/green-button.ts';
import { homewizardFormat } from './formats/homewizard.ts';
import { eDistribuzioneFormat } from './formats/it-e-distribuzione.ts';
import { mijnAansluitingFormat } from './formats/nl-mijn-aansluiting.ts';
import { oehuFormat } from './formats/oehu-document.ts';
import { p1Format } from './formats/p1/log.ts';
import { senmlFormat } from './formats/senml.ts';
import { smlFormat } from './formats/sml/sml.ts';
import { usGreenButtonCsvFormat } from './formats/us-green-button-csv.ts';

/**
 * Every kind of meter file that can be read. The first one that a file looks like is taken; a declared map makes any
 * file one of `csv`.
 */
export const METER_FORMATS: readonly MeterFormat[] = [
  csvFormat,
  smlFormat,
  p1Format,
  atEdaFormat,
  greenButtonFormat,
  homewizardFormat,
  oehuFormat,
  mijnAansluitingFormat,
  fluviusFormat,
  senmlFormat,
  usGreenButtonCsvFormat,
  datadisCsvFormat,
  eDistribuzioneFormat,
  octopusCsvFormat,
  netzNoeFormat,
  wienerNetzeFormat,
  fluviusCsvFormat,
];
