import type { SeededRandom } from '@edmp/interface';
import type { DeviceFault, EmulatedFault } from './faults.ts';
import type { EmulatedRegisters } from './registers.ts';
import type { EmulatedMetadata } from './signer.ts';

/** One reading to be made: when, and what is wrong with it. */
export interface PlannedReading {
  readonly at: number;
  /** Number of the time slot it belongs to. */
  readonly slot: number;
  readonly faults: readonly DeviceFault[];
}

/** Faults whose rate counts single readings; the others hold for the device. */
const PER_READING: ReadonlySet<DeviceFault> = new Set([
  'duplicate-reading',
  'missing-readings',
  'zero-glitch',
  'metadata-null',
  'clock-1970',
  'mixed-types',
  'float-noise',
]);

/** The device faults that concern device `index`. */
export function faultsOf(faults: readonly EmulatedFault[], index: number): ReadonlyMap<DeviceFault, number> {
  const own = new Map<DeviceFault, number>();
  for (const { kind, rate, devices } of faults) {
    if (devices === undefined || devices.includes(index)) own.set(kind as DeviceFault, rate ?? 0.01);
  }
  return own;
}

/** Decides which readings a time slot gives: usually one, none when lost, two when doubled. */
export function planSlot(
  slot: number,
  start: number,
  everyMs: number,
  faults: ReadonlyMap<DeviceFault, number>,
  random: SeededRandom,
): PlannedReading[] {
  const at = start + slot * (faults.has('drift') ? Math.round((everyMs * 61) / 60) : everyMs);
  const happening: DeviceFault[] = [];
  for (const [kind, rate] of faults) {
    if (!PER_READING.has(kind) || random.unit() < rate) happening.push(kind);
  }
  if (happening.includes('missing-readings') && slot > 0) return [];
  const reading = { at, slot, faults: happening };
  return happening.includes('duplicate-reading') ? [reading, reading] : [reading];
}

/** Registers as a faulty meter shows them. `slot` counts readings from the device's first. */
export function faultyRegisters(
  registers: EmulatedRegisters,
  first: EmulatedRegisters,
  planned: PlannedReading,
  replacedFrom: number,
): EmulatedRegisters {
  const has = (kind: DeviceFault): boolean => planned.faults.includes(kind);
  if (has('zero-glitch'))
    return { import1: 0, import2: 0, export1: 0, export2: 0, gas: registers.gas === null ? null : 0 };
  if (has('toy-device')) {
    // OEHU's emulator mode: a fixed amount into tariff 1 for ever.
    return { import1: planned.slot * 100, import2: 0, export1: 0, export2: 0, gas: 0 };
  }
  let shown = registers;
  if (has('meter-replaced') && planned.at >= replacedFrom) {
    shown = {
      ...registers,
      import1: registers.import1 - first.import1,
      import2: registers.import2 - first.import2,
      export1: registers.export1 - first.export1,
      export2: registers.export2 - first.export2,
    };
  }
  return has('gas-null') ? { ...shown, gas: null } : shown;
}

/** Metadata as a faulty device or registration writes it. */
export function faultyMetadata(metadata: EmulatedMetadata, planned: PlannedReading): EmulatedMetadata | null {
  const has = (kind: DeviceFault): boolean => planned.faults.includes(kind);
  if (has('metadata-null')) return null;
  if (has('burned') && planned.slot > 0 && planned.slot % 100 === 99) return { status: 'BURNED' };
  const changed: Record<string, unknown> = { ...metadata };
  const group = (name: string): Record<string, unknown> => ({
    ...(changed[name] as Record<string, unknown>),
  });
  if (has('clock-fast')) changed.lastUpdate = planned.at + 300_000;
  if (has('clock-1970')) changed.lastUpdate = 1000 * (planned.slot + 1);
  if (has('export-appears-later') && planned.slot < 24) delete changed.electricityDelivered;
  if (has('timestamp-field')) {
    changed.timestamp = changed.lastUpdate;
    delete changed.lastUpdate;
  }
  if (has('tariff-typo')) {
    const { tariff1, ...rest } = group('electricityReceived');
    changed.electricityReceived = { ...rest, tarrif1: tariff1 };
  }
  if (has('float-noise')) {
    const received = group('electricityReceived');
    changed.electricityReceived = { ...received, total: Number(received.total) + 3e-11 };
  }
  if (has('mixed-types')) {
    changed.gasReceived = changed.gasReceived === null ? null : String(changed.gasReceived);
    changed.occupants =
      typeof changed.occupants === 'string' ? Number(changed.occupants) : String(changed.occupants);
  }
  const location = group('location');
  const [latitude, longitude] = Array.isArray(location.coordinates)
    ? (location.coordinates as unknown[])
    : [];
  if (has('swapped-coordinates')) changed.location = { ...location, coordinates: [longitude, latitude] };
  if (has('hidden-location')) {
    changed.location = { ...location, coordinates: ['52.31877224455515', '2.973580237523761'] };
    changed.locationAccuracy = '100000';
  }
  if (has('unknown-fields')) changed.firmware = { build: 7, notes: ['ünïcode', null, true] };
  return changed;
}
