/** Options of {@link drawLoadCurve}. */
export interface LoadCurveOptions {
  /** Width of the plot in characters. Default 72. */
  readonly width?: number;
  /** Height of the plot in lines. Default 7. */
  readonly height?: number;
  /** Minutes that one value covers. */
  readonly stepMinutes: number;
}

const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/**
 * A bar chart of average power for a terminal.
 *
 * `values` are micro-kWh per interval, null = no data (drawn as `·`). Values that share a column are averaged.
 */
export function drawLoadCurve(values: readonly (number | null)[], options: LoadCurveOptions): string {
  const width = Math.min(options.width ?? 72, values.length);
  const height = options.height ?? 7;
  const kilowattPerUnit = 60 / options.stepMinutes / 1e6;
  const columns = Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
    const known = values.slice(from, to).filter((value) => value !== null);
    return known.length === 0
      ? null
      : (known.reduce((sum, value) => sum + value, 0) / known.length) * kilowattPerUnit;
  });
  const peak = Math.max(...columns.map((value) => value ?? 0), 1e-9);
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const label = row === height - 1 ? `${peak.toFixed(2)} kW` : row === 0 ? '0 kW' : '';
    const bars = columns.map((value) => {
      if (value === null) return row === 0 ? '·' : ' ';
      const eighths = Math.round((value / peak) * height * 8) - row * 8;
      return EIGHTHS[Math.max(0, Math.min(8, eighths))] ?? ' ';
    });
    lines.push(`${label.padStart(8)} │${bars.join('')}`);
  }
  const hours = Math.round((values.length * options.stepMinutes) / 60);
  const marks = [
    '00:00',
    `${String(Math.round(hours / 2)).padStart(2, '0')}:00`,
    `${String(hours).padStart(2, '0')}:00`,
  ];
  const middle = Math.max(0, Math.floor(width / 2) - (marks[0]?.length ?? 0) - 2);
  const rest = Math.max(1, width - middle - marks.join('').length);
  lines.push(`${' '.repeat(8)} └${'─'.repeat(width)}`);
  lines.push(`${' '.repeat(10)}${marks[0]}${' '.repeat(middle)}${marks[1]}${' '.repeat(rest)}${marks[2]}`);
  return lines.join('\n');
}
