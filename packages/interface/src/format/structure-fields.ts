import { CID } from 'multiformats/cid';
import { describeValue, type FieldFailure, unexpected } from './failure.ts';

/** A decoded map whose fields are not read yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Maps, lists, choices and switches. */
export interface StructureReaders {
  /** A map with exactly the fields of `names`. */
  mapOf<K extends string>(value: unknown, names: readonly K[], where: string): Readonly<Record<K, unknown>>;
  /** A list of at most `max` items. */
  listOf(value: unknown, max: number, where: string): readonly unknown[];
  /** One of the given texts. */
  oneOf<T extends string>(value: unknown, choices: readonly T[], where: string): T;
  /** `true` or `false`. */
  booleanOf(value: unknown, where: string): boolean;
}

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  CID.asCID(value) === null;

/** {@link StructureReaders} that throw what `fail` makes. */
export function structureReaders(fail: FieldFailure): StructureReaders {
  return {
    mapOf<K extends string>(value: unknown, names: readonly K[], where: string) {
      if (!isMap(value)) throw unexpected(fail, where, 'a map', value);
      const keys = Object.keys(value);
      // So many fields, and each of those named: there are no others.
      if (keys.length === names.length && names.every((name) => Object.hasOwn(value, name)))
        return value as Readonly<Record<K, unknown>>;
      for (const key of keys) {
        if (!(names as readonly string[]).includes(key)) {
          throw fail(`${where}: unknown field ${describeValue(key)}`, { where });
        }
      }
      for (const name of names) {
        if (!Object.hasOwn(value, name)) {
          throw fail(`${where}: the field ${name} is missing`, { where });
        }
      }
      return value as Readonly<Record<K, unknown>>;
    },
    listOf(value, max, where) {
      if (Array.isArray(value) && value.length <= max) return value;
      throw unexpected(fail, where, `a list of at most ${max}`, value);
    },
    oneOf<T extends string>(value: unknown, choices: readonly T[], where: string) {
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw unexpected(fail, where, `one of ${choices.join(', ')}`, value);
      return found;
    },
    booleanOf(value, where) {
      if (typeof value === 'boolean') return value;
      throw unexpected(fail, where, 'true or false', value);
    },
  };
}
