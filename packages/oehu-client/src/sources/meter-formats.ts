import type { MeterFormat } from './format.ts';
import { atEdaFormat } from './formats/at-eda.ts';
import { netzNoeFormat } from './formats/at-netz-noe.ts';
import { wienerNetzeFormat } from './formats/at-wiener-netze.ts';
import { fluviusFormat } from './formats/be-fluvius.ts';
import { fluviusCsvFormat } from './formats/be-fluvius-csv.ts';
import { csvFormat } from './formats/csv/format.ts';
import { d0Format } from './formats/d0.ts';
import { eloverblikFormat } from './formats/dk-eloverblik.ts';
import { dsmrReaderDaysFormat, dsmrReaderHoursFormat } from './formats/dsmr-reader.ts';
import { datadisCsvFormat } from './formats/es-datadis-csv.ts';
import { datadisJsonFormat } from './formats/es-datadis-json.ts';
import { enedisCsvFormat } from './formats/fr-enedis-csv.ts';
import { enedisJsonFormat } from './formats/fr-enedis-json.ts';
import { linkyFormat } from './formats/fr-linky.ts';
import { n3rgyFormat } from './formats/gb-n3rgy.ts';
import { octopusCsvFormat } from './formats/gb-octopus-csv.ts';
import { octopusJsonFormat } from './formats/gb-octopus-json.ts';
import { greenButtonFormat } from './formats/green-button.ts';
import { hanFormat } from './formats/han/log.ts';
import { homeAssistantCsvFormat } from './formats/home-assistant/csv.ts';
import { homeAssistantFormat } from './formats/home-assistant/json.ts';
import { homewizardFormat } from './formats/homewizard.ts';
import { eDistribuzioneFormat } from './formats/it-e-distribuzione.ts';
import { mijnAansluitingFormat } from './formats/nl-mijn-aansluiting.ts';
import { oehuFormat } from './formats/oehu-document.ts';
import { p1Format } from './formats/p1/log.ts';
import { eRedesFormat } from './formats/pt-e-redes.ts';
import { senmlFormat } from './formats/senml.ts';
import { smlFormat } from './formats/sml/sml.ts';
import { tibberFormat } from './formats/tibber.ts';
import { usGreenButtonCsvFormat } from './formats/us-green-button-csv.ts';

/**
 * Every kind of meter file that can be read. The first one that a file looks like is taken; a declared map makes any
 * file one of `csv`.
 */
export const METER_FORMATS: readonly MeterFormat[] = [
  csvFormat,
  smlFormat,
  p1Format,
  hanFormat,
  d0Format,
  linkyFormat,
  atEdaFormat,
  greenButtonFormat,
  homewizardFormat,
  oehuFormat,
  mijnAansluitingFormat,
  fluviusFormat,
  enedisJsonFormat,
  datadisJsonFormat,
  octopusJsonFormat,
  n3rgyFormat,
  eloverblikFormat,
  tibberFormat,
  senmlFormat,
  homeAssistantFormat,
  enedisCsvFormat,
  usGreenButtonCsvFormat,
  datadisCsvFormat,
  eDistribuzioneFormat,
  octopusCsvFormat,
  netzNoeFormat,
  wienerNetzeFormat,
  fluviusCsvFormat,
  eRedesFormat,
  dsmrReaderHoursFormat,
  dsmrReaderDaysFormat,
  homeAssistantCsvFormat,
];
