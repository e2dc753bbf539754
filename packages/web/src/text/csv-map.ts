/** A column of amounts in the map of a table. */
export interface MapColumn {
  readonly column: string | number;
  readonly commodity: string;
  readonly flow: string;
  readonly unit: string;
  readonly kind: string;
}

/** The part of a map of columns that the page lets change; the rest is handed back as it came. */
export interface TableMap {
  readonly decimal?: string;
  readonly grouping?: string;
  readonly time: string | number;
  readonly clock?: string | number;
  readonly timeFormat: string;
  readonly dateOrder?: string;
  readonly zone?: string;
  readonly stamp?: string;
  readonly stepSeconds?: number;
  readonly columns: readonly MapColumn[];
}

/** A map of columns as the node writes it, or undefined when it is none. */
export function tableMapOf(text: string | null): TableMap | undefined {
  if (text === null) return undefined;
  const map: unknown = JSON.parse(text);
  const isMap = typeof map === 'object' && map !== null && 'columns' in map && Array.isArray(map.columns);
  return isMap ? (map as TableMap) : undefined;
}

/** The map with some fields changed; undefined takes a field out. */
export function changed(
  map: TableMap,
  by: { readonly [Key in keyof TableMap]?: TableMap[Key] | undefined },
): TableMap {
  const entries = Object.entries({ ...map, ...by }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as unknown as TableMap;
}

/** Choices for a column: what the map calls it, and its heading, which may be shortened. */
export function columnChoices({
  headings,
  columns,
}: {
  readonly headings: readonly string[];
  readonly columns: readonly (string | number)[];
}): { readonly value: string | number; readonly text: string }[] {
  return headings.map((heading, index) => ({
    value: columns[index] ?? index,
    text: heading === '' ? `Column ${index + 1}` : heading,
  }));
}

/** Lengths of intervals that are usual, in seconds. */
export const STEPS: readonly (readonly [seconds: number, text: string])[] = [
  [60, 'a minute'],
  [300, '5 minutes'],
  [600, '10 minutes'],
  [900, 'a quarter of an hour'],
  [1800, 'half an hour'],
  [3600, 'an hour'],
  [86_400, 'a day'],
];
