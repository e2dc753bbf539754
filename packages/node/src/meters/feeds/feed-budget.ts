import { type Environment, sleep } from '@edmp/interface';
import { type Rate, tokenBuckets } from '@edmp/interface/bounded';

/** How much a source that sends by itself may tell. */
export interface FeedLimits {
  /** What comes faster is left in the line, so that a sender without end takes neither the processor nor the disk. */
  readonly bytes: Rate;
  readonly messages: Rate;
  /** New minutes of one register, or of what is told at once, that are kept: a minute has one. */
  readonly minutes: Rate;
  /** Registers, or sets of them that are told at once, that are kept between two starts of the node. */
  readonly registers: number;
}

/** Two days of minutes at once, then three a minute: a clock that runs wild would fill the disk. */
const MINUTES: Rate = { burst: 2_880, perSecond: 1 / 20 };

/**
 * A P1 port: 115 200 bit/s, the fastest, are 11.5 kB a second; a day that comes at once is taken at once. A piece holds
 * some telegrams, and its bytes count.
 */
export const P1_LIMITS: FeedLimits = {
  bytes: { burst: 4 << 20, perSecond: 64 * 1024 },
  messages: { burst: 100_000, perSecond: 1_000 },
  minutes: MINUTES,
  registers: 1,
};

/**
 * A broker: DSMR-reader tells some 30 values a second, a home full of plugs as much again. What was missed while the node
 * was away comes at once.
 */
export const MQTT_LIMITS: FeedLimits = {
  bytes: { burst: 8 << 20, perSecond: 256 * 1024 },
  messages: { burst: 20_000, perSecond: 200 },
  // A week that a broker kept is not lost.
  minutes: { ...MINUTES, burst: 7 * 1_440 },
  registers: 256,
};

/** A HomeWizard meter pushes a measurement of at most 2 kB a second, and a few words between. */
export const HOMEWIZARD_LIMITS: FeedLimits = {
  bytes: { burst: 1 << 20, perSecond: 32 * 1024 },
  messages: { burst: 200, perSecond: 10 },
  minutes: MINUTES,
  registers: 1,
};

/** Pause between two looks whether there is room again, ms. */
const PAUSE_MS = 250;

/** How a {@link FeedBudget} is waited for. */
export interface FeedWait {
  readonly signal: AbortSignal | undefined;
  /** Told once when there is no room and the wait begins. */
  readonly onWait: () => void;
}

/** How much a source may still tell; one for all its connections. */
export interface FeedBudget {
  /** Waits until that many bytes may be read. Throws `ERR_ABORTED`. */
  takeBytes(bytes: number, wait: FeedWait): Promise<void>;
  /** Waits until one more message may be read. Throws `ERR_ABORTED`. */
  takeMessage(wait: FeedWait): Promise<void>;
  /** Whether one more minute of a register may be kept. */
  mayKeep(register?: string): boolean;
}

/** A full {@link FeedBudget}. */
export function feedBudget(environment: Environment, limits: FeedLimits): FeedBudget {
  const now = (): number => environment.now();
  const bytes = tokenBuckets(limits.bytes, now);
  const messages = tokenBuckets(limits.messages, now);
  const minutes = tokenBuckets(limits.minutes, now);
  const registers = new Set<string>();
  const until = async (hasRoom: () => boolean, { signal, onWait }: FeedWait): Promise<void> => {
    if (hasRoom()) return;
    onWait();
    do await sleep(environment, PAUSE_MS, { signal });
    while (!hasRoom());
  };
  return {
    // A piece is 64 KiB at most, far below the burst.
    takeBytes: (count, wait) => until(() => bytes.take('', Math.min(count, limits.bytes.burst)), wait),
    takeMessage: (wait) => until(() => messages.take(''), wait),
    mayKeep(register = '') {
      if (!registers.has(register)) {
        if (registers.size >= limits.registers) return false;
        registers.add(register);
      }
      return minutes.take(register);
    },
  };
}
