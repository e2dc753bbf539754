import type { AbortOptions, MeterDevice, MeterSource, ReadingsOptions } from '@edmp/interface';
import type { MeterReading } from '../reading.ts';
import type { OehuClient } from './contract.ts';
import { settleGasTimes } from './gas-time.ts';
import { recordReadings } from './records.ts';

/** Options of {@link oehuSource}. */
export interface OehuSourceOptions {
  /** How often the gas meters behind the devices tell a value, ms. Default one hour (DSMR 4). */
  readonly gasPeriodMs?: number;
}

/** A {@link MeterSource} of kind `oehu` whose readings carry the level that their signatures reached. */
export interface OehuSource extends MeterSource {
  readonly kind: 'oehu';
  /** Devices by ORM id where `/data` tells it, else by asset id; unreadable entries are left out. */
  devices(options?: AbortOptions): Promise<readonly MeterDevice[]>;
  /** Readings of a device given by either id, ascending, with one before `from` and one from `to` on where there is one. */
  readings(device: string, options: ReadingsOptions): AsyncIterable<MeterReading>;
}

/** A meter source over an OEHU client. */
export function oehuSource(client: OehuClient, options: OehuSourceOptions = {}): OehuSource {
  return {
    kind: 'oehu',
    async devices(call) {
      const [entries, assets] = [await client.devices(call), await client.assets(call)];
      const names = new Map(assets.map((asset) => [asset.assetId, asset.deviceId]));
      return entries.flatMap((entry): MeterDevice[] => {
        if (!entry.ok) return [];
        const { assetId, metadata } = entry.value;
        return [
          {
            id: names.get(assetId) ?? assetId,
            source: 'oehu',
            location: metadata.location,
            household: metadata.household,
            lastUpdate: metadata.lastUpdate,
          },
        ];
      });
    },
    async *readings(device, { from, to, signal }) {
      const { records } = await client.history(device, { from, to, signal });
      const readings = records.flatMap(({ record, verification }) =>
        recordReadings(record, verification.level),
      );
      yield* settleGasTimes(readings, options.gasPeriodMs);
    },
  };
}
