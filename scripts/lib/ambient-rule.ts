import { type Layer, systemAdapters } from './layers.ts';
import type { ModuleFacts } from './source-facts.ts';

/**
 * What is wrong with a source file's uses of the ambient clock, timers and randomness by the rules of its package, one
 * text each, beginning with `where` (its path from the root) and the line.
 */
export function ambientBreaches(layer: Layer, where: string, module: ModuleFacts): string[] {
  if (systemAdapters[where] !== undefined) return [];
  if (layer.protocol) {
    return module.ambient.map(
      ({ text, line }) =>
        `${where}:${line}: ${text} in protocol code: take time, timers and randomness from Environment`,
    );
  }
  if (layer.clock === undefined) return [];
  return module.ambient
    .filter(({ kind }) => kind === 'clock')
    .map(({ text, line }) => `${where}:${line}: ${text}: ${layer.clock}`);
}
