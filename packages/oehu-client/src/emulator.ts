/**
 * An emulator of the OEHU API of 2019 for tests, demos and development: real HTTP, simulated households, really signed
 * readings. Needs Node. It shares no signing code with the client's verifier.
 *
 * @packageDocumentation
 */
export type { EmulatedDevice, EmulatedRow } from './emulator/device.ts';
export {
  DEVICE_FAULTS,
  type DeviceFault,
  type EmulatedFault,
  SIGNATURE_FAULTS,
  type SignatureFault,
  TRANSPORT_FAULTS,
  type TransportFault,
} from './emulator/faults.ts';
export {
  dayOfYear,
  dayTypeOf,
  type HouseholdDay,
  type HouseholdParameters,
  householdParameters,
  simulateDay,
} from './emulator/household.ts';
export type { EmulatedRegisters } from './emulator/registers.ts';
export { type OehuEmulator, type OehuEmulatorOptions, startOehuEmulator } from './emulator/server.ts';
export { type DayType, loadShape } from './emulator/shape.ts';
export type { EmulatedMetadata, SignedTransaction } from './emulator/signer.ts';
