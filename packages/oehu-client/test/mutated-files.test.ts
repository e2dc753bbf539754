import { fixture } from './support/fixtures.ts';
import { type MutatedFile, mutationSuite } from './support/mutations.ts';

const NAMES = [
  'dsmr-v2.2.txt',
  'dsmr-v4.2.txt',
  'dsmr-v5.txt',
  'emucs-fluvius-1.7.1.txt',
  'homewizard-p1-v1-data.json',
  'greenbutton-batch-eddie.xml',
  'nl-mijn-aansluiting-daily-registers.json',
  'be-fluvius-quarter-hourly.json',
  'at-eda-consumptionrecord-15min.xml',
  'sml-ttyUSB0-2.dump',
  'oehu-devices-fig9.transcribed.json',
  'oehu-devices-fig13.transcribed.json',
  'oehu-devices-signed.synthetic.json',
  'oehu-transactions-raw-signed.synthetic.json',
];

mutationSuite(
  'mutated meter files',
  NAMES.flatMap((name): MutatedFile[] => {
    const bytes = fixture(name);
    return bytes === undefined ? [] : [[name, bytes, { receivedAt: Date.UTC(2026, 1, 1) }]];
  }),
);
