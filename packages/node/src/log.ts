import type { Environment } from '@edmp/interface';
import { displayableLines } from '@edmp/interface/format';

/** Levels of a log, the gravest first. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** See {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Forms of a log: lines for people, or one JSON object a line. */
export const LOG_FORMATS = ['text', 'json'] as const;
/** See {@link LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What is told beside a message. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Tells what an operator should know. */
export interface Log {
  /** @param fields - Facts for programs; a log for people leaves them out, but for level `debug`. */
  tell(level: LogLevel, message: string, fields?: LogFields): void;
  /** How many messages of each level were told or left out. */
  readonly counts: Readonly<Record<LogLevel, number>>;
}

/** Options of {@link createLog}. */
export interface LogOptions {
  readonly environment: Pick<Environment, 'now'>;
  /** The least grave level that is written. Default `info`. */
  readonly level?: LogLevel;
  /** Default `text`. */
  readonly format?: LogFormat;
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
}

/** Longest message, UTF-16 units: a stack has some thousand. */
const MAX_MESSAGE = 8_000;

/** A log with levels. What strangers wrote comes out with nothing in it that a terminal obeys. */
export function createLog({ environment, level = 'info', format = 'text', write }: LogOptions): Log {
  const counts = { error: 0, warn: 0, info: 0, debug: 0 };
  const least = LOG_LEVELS.indexOf(level);
  return {
    counts,
    tell(grave, message, fields = {}) {
      counts[grave] += 1;
      if (LOG_LEVELS.indexOf(grave) > least) return;
      const text = displayableLines(message.slice(0, MAX_MESSAGE));
      if (format === 'json') {
        write(
          JSON.stringify({
            time: new Date(environment.now()).toISOString(),
            level: grave,
            message: text,
            ...fields,
          }),
        );
        return;
      }
      const facts =
        grave === 'debug' ? Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`) : [];
      const prefix = { error: 'error: ', warn: 'warning: ', info: '', debug: 'debug: ' }[grave];
      write(displayableLines(`${prefix}${text}${facts.join('')}`));
    },
  };
}
