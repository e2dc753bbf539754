import { Quality, type QualityCode } from '@edmp/interface';
import type { CsvMap } from './map.ts';

/** What the words for a quality mean, in lower case. */
export function qualityWords(map: CsvMap): ReadonlyMap<string, QualityCode> {
  const entries = Object.entries(map.qualityWords ?? {}).map(
    ([word, name]) => [word.trim().toLowerCase(), Quality[name]] as const,
  );
  return new Map([...Object.entries(Quality), ...entries]);
}

/** An empty word is measured; one that nobody explained is no better than estimated. */
export function qualityOf(word: string | undefined, words: ReadonlyMap<string, QualityCode>): QualityCode {
  const key = (word ?? '').trim().toLowerCase();
  return key === '' ? Quality.measured : (words.get(key) ?? Quality.estimated);
}
