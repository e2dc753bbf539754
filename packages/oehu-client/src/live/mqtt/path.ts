import type { Json } from '../../oehu/json.ts';
import type { MqttPath } from './map.ts';

const MAX_STEPS = 16;

/** The names of a path one by one; undefined for one that leads nowhere. */
export function pathSteps(path: MqttPath): readonly (string | number)[] | undefined {
  const steps = typeof path === 'string' ? path.split('.') : path;
  return steps.length > 0 && steps.length <= MAX_STEPS && steps.every((step) => step !== '')
    ? steps
    : undefined;
}

/** What stands at a path; undefined where nothing does. Names that every object has from its prototype are nothing. */
export function atPath(json: Json, steps: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = json;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as { readonly [key: string]: Json | undefined })[step];
  }
  return value;
}

/** A path as a name. */
export function pathText(path: MqttPath): string {
  return typeof path === 'string' ? path : path.join('.');
}
