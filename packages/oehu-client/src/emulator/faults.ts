import { InvalidArgumentError } from '@edmp/interface';

/** What can be wrong with a device's readings; signed as wrong as they are. */
export const DEVICE_FAULTS = [
  'duplicate-reading',
  'missing-readings',
  'drift',
  'clock-fast',
  'clock-1970',
  'gas-null',
  'export-appears-later',
  'meter-replaced',
  'zero-glitch',
  'toy-device',
  'twin',
  'mixed-types',
  'swapped-coordinates',
  'hidden-location',
  'tariff-typo',
  'burned',
  'timestamp-field',
  'float-noise',
  'metadata-null',
  'unknown-fields',
] as const;

/** What can be wrong with signatures and links, made while serving. */
export const SIGNATURE_FAULTS = [
  'flipped-value',
  'stale-id',
  'other-key',
  'broken-link',
  'fork',
  'truncated-fulfillment',
] as const;

/** What can go wrong on the way. */
export const TRANSPORT_FAULTS = [
  'status-500',
  'html-502',
  'status-429',
  'hang',
  'stall',
  'truncated-json',
  'reset',
  'slow',
  'wrong-type',
  'bare-304',
  'outage',
  'oversize',
] as const;

/** One of {@link DEVICE_FAULTS}. */
export type DeviceFault = (typeof DEVICE_FAULTS)[number];
/** One of {@link SIGNATURE_FAULTS}. */
export type SignatureFault = (typeof SIGNATURE_FAULTS)[number];
/** One of {@link TRANSPORT_FAULTS}. */
export type TransportFault = (typeof TRANSPORT_FAULTS)[number];

/** One fault to inject. */
export interface EmulatedFault {
  readonly kind: DeviceFault | SignatureFault | TransportFault;
  /** Share of readings or requests concerned, 0 … 1. Default 0.01; faults of a whole device ignore it. */
  readonly rate?: number;
  /** Numbers of the devices concerned. Default all. */
  readonly devices?: readonly number[];
  /** Length of an outage. Default 60 000. */
  readonly durationMs?: number;
}

const includes = (list: readonly string[], kind: string): boolean => list.includes(kind);

/** Whether a fault belongs to a device, not to serving. */
export function isDeviceFault(kind: string): kind is DeviceFault {
  return includes(DEVICE_FAULTS, kind);
}

/** Whether a fault concerns signatures. */
export function isSignatureFault(kind: string): kind is SignatureFault {
  return includes(SIGNATURE_FAULTS, kind);
}

/** Checks faults given from outside. Throws `ERR_INVALID_ARGUMENT`, naming what is wrong. */
export function checkFaults(faults: unknown): readonly EmulatedFault[] {
  if (!Array.isArray(faults) || faults.length > 100)
    throw new InvalidArgumentError('Expected at most 100 faults');
  return faults.map((fault: unknown) => {
    const { kind, rate, devices, durationMs } = (fault ?? {}) as Record<string, unknown>;
    if (
      typeof kind !== 'string' ||
      !includes([...DEVICE_FAULTS, ...SIGNATURE_FAULTS, ...TRANSPORT_FAULTS], kind)
    ) {
      throw new InvalidArgumentError(
        `Expected the kind of a fault, got ${JSON.stringify(kind)?.slice(0, 40)}`,
      );
    }
    if (rate !== undefined && !(typeof rate === 'number' && rate >= 0 && rate <= 1)) {
      throw new InvalidArgumentError(`Expected a rate from 0 to 1 for ${kind}`);
    }
    return {
      kind: kind as EmulatedFault['kind'],
      ...(typeof rate === 'number' ? { rate } : {}),
      ...(Array.isArray(devices) ? { devices: devices.filter(Number.isInteger) as number[] } : {}),
      ...(typeof durationMs === 'number' && durationMs >= 0 ? { durationMs } : {}),
    };
  });
}
