/** What one answered request adds to the counts. */
export interface RequestSample {
  /** A method of {@link METHODS}, else it is counted as `other`. */
  readonly method: string;
  /** Path of the contract with its `{name}`s; undefined for any other path. */
  readonly route: string | undefined;
  readonly status: number;
  /** From the first byte of the request to the first of the answer, ms. */
  readonly ms: number;
}

/** A number of a moment, e.g. how many peers are connected. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  /** One value for each set of labels; the sets must be few, and known beforehand. */
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Methods that are told apart. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
/** Upper ends of the classes of durations, seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

interface Durations {
  readonly counts: number[];
  sum: number;
  count: number;
}

/**
 * Counts requests and writes them in Prometheus' text format (version 0.0.4). Label values are methods, paths of the
 * contract and statuses, so that nobody can make their number grow.
 */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Durations>();
  #inFlight = 0;

  /** A request came; what comes back ends it. */
  begin(): (sample: RequestSample) => void {
    this.#inFlight += 1;
    return ({ method, route = 'other', status, ms }) => {
      this.#inFlight -= 1;
      const known = METHODS.includes(method) ? method : 'other';
      const labels = `method="${known}",route="${escaped(route)}",status="${status}"`;
      this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
      const seconds = Math.max(0, ms) / 1000;
      const durations = this.#durations.get(route) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
      for (const [i, end] of BUCKETS.entries())
        if (seconds <= end) durations.counts[i] = (durations.counts[i] ?? 0) + 1;
      durations.sum += seconds;
      durations.count += 1;
      this.#durations.set(route, durations);
    };
  }

  /** All counts, and `gauges`, as text. */
  text(gauges: readonly Gauge[]): string {
    const lines: string[] = [];
    const head = (name: string, type: string, help: string): void => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    };
    head('edmp_http_requests_total', 'counter', 'Answered requests.');
    for (const [labels, count] of this.#requests) lines.push(`edmp_http_requests_total{${labels}} ${count}`);
    head('edmp_http_request_duration_seconds', 'histogram', 'Time until an answer began.');
    for (const [route, { counts, sum, count }] of this.#durations) {
      const name = 'edmp_http_request_duration_seconds';
      const label = `route="${escaped(route)}"`;
      for (const [i, end] of BUCKETS.entries())
        lines.push(`${name}_bucket{${label},le="${end}"} ${counts[i]}`);
      lines.push(
        `${name}_bucket{${label},le="+Inf"} ${count}`,
        `${name}_sum{${label}} ${sum}`,
        `${name}_count{${label}} ${count}`,
      );
    }
    head('edmp_http_requests_in_flight', 'gauge', 'Requests that are being answered.');
    lines.push(`edmp_http_requests_in_flight ${this.#inFlight}`);
    for (const { name, help, values } of gauges) {
      head(name, name.endsWith('_total') ? 'counter' : 'gauge', help);
      for (const { labels = {}, value } of values) {
        const set = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
        lines.push(`${name}${set.length === 0 ? '' : `{${set.join(',')}}`} ${value}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
