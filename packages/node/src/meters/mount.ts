import { type Environment, isEdmpError, sleep, throwIfAborted } from '@edmp/interface';
import type { LivePower } from '@edmp/oehu-client/live';
import type { Recorder } from '@edmp/oehu-client/recorder';
import type { LiveView, MountState } from '../meter-service.ts';
import { ArrivalGuard } from './arrival-guard.ts';
import type { FeedSink, MeterFeed } from './feed.ts';
import { recordInTurns } from './record-in-turns.ts';
import type { MeterSettings } from './settings.ts';

const IMPOSSIBLE =
  'Readings more than a day ahead of the clock of this computer, or from before 2005, are left out: one of the two clocks is wrong';

function durationText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

/** What a {@link Mount} needs. */
export interface MountOptions {
  readonly settings: MeterSettings;
  readonly feed: MeterFeed;
  readonly recorder: Recorder;
  readonly environment: Environment;
  /** Told when the state changed. */
  readonly onChange: (text: string) => void;
  /** Told the power of this moment, at most once a second. */
  readonly onLive: (live: LiveView) => void;
}

const FIRST_PAUSE_MS = 1_000;
/** A meter that is back is heard within a minute. */
const LAST_PAUSE_MS = 60_000;
const LIVE_MS = 1_000;
const LEAVE_MS = 5_000;
/** Pause between two events that more is told than is taken in. */
const FLOOD_NEWS_MS = 3_600_000;

/** One mounted meter that runs: connects, hands readings to the recorder, and connects again after each failure. */
export class Mount implements AsyncDisposable {
  readonly #options: MountOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: MountState = 'connecting';
  /** Why the connection was lost. */
  #loss: string | null = null;
  /** What was last wrong with what the meter told. */
  #damage: string | null = null;
  /** What is waited for. */
  #awaited: string | null = null;
  #heard: number | null = null;
  #live: LiveView | null = null;
  #pause = FIRST_PAUSE_MS;
  /** When it was last told that too much comes. */
  #floodTold: number | undefined;

  constructor(options: MountOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get state(): MountState {
    return this.#state;
  }

  /** Why the meter is not live, or what was last wrong with what it told. */
  get problem(): string | null {
    return this.#loss ?? this.#damage ?? this.#awaited;
  }

  /** When something was heard last, ms since the epoch. */
  get heard(): number | null {
    return this.#heard;
  }

  /** The power of this moment; null when the meter tells none or is not live. */
  get live(): LiveView | null {
    return this.#state === 'live' ? this.#live : null;
  }

  /** Ends the connection; resolves when nothing more is recorded. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Stops for good: the source is asked to keep nothing for this node. One that does not answer keeps the owner waiting for 5 s. */
  async leave(): Promise<void> {
    await this.stop();
    await this.#options.feed.forget?.(AbortSignal.timeout(LEAVE_MS)).catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    const { environment, feed, recorder, settings } = this.#options;
    const { signal } = this.#stop;
    const guard = new ArrivalGuard();
    const sink: FeedSink = {
      readings: async (told) => {
        const { readings, heldUntil } = guard.take(told, environment.now());
        if (heldUntil !== undefined) this.#tellHeld(heldUntil);
        if (readings.length > 0) {
          const { impossible } = await recordInTurns(recorder, settings.name, readings, () =>
            throwIfAborted(signal),
          );
          if (impossible > 0) this.#tellDamage(IMPOSSIBLE);
        }
        this.#hear();
      },
      power: (power) => this.#tellPower(power),
      damaged: (text) => this.#tellDamage(text),
      waiting: (text) => {
        this.#awaited = text.slice(0, 300);
        this.#loss = null;
      },
      flooded: (text) => {
        this.#tellDamage(text);
        const now = environment.now();
        if (this.#floodTold !== undefined && Math.abs(now - this.#floodTold) < FLOOD_NEWS_MS) return;
        this.#floodTold = now;
        this.#options.onChange('tells more than is taken in');
      },
    };
    while (!signal.aborted) {
      try {
        await feed.run(sink, signal);
        if (signal.aborted) return;
        this.#lose('The connection ended');
      } catch (error) {
        if (signal.aborted) return;
        // Messages of Node and of feeds hold addresses of the owner's own network, and no secrets.
        this.#lose(isEdmpError(error) || error instanceof Error ? error.message : 'The meter cannot be read');
      }
      const wait = this.#pause * (0.75 + (environment.randomBytes(1)[0] ?? 0) / 512);
      this.#pause = Math.min(LAST_PAUSE_MS, this.#pause * 2);
      await sleep(environment, wait, { signal }).catch(() => undefined);
    }
  }

  #hear(): void {
    this.#heard = this.#options.environment.now();
    this.#pause = FIRST_PAUSE_MS;
    this.#awaited = null;
    if (this.#state === 'live') return;
    this.#state = 'live';
    this.#loss = null;
    // Who connects in the middle of a telegram hears half of it, which is no fault of the meter. What a file or an answer
    // holds that cannot be read stays to be seen.
    if (this.#options.settings.kind.startsWith('p1-')) this.#damage = null;
    this.#options.onChange('is live');
  }

  /** Tells that the clock of this computer was set, by which some meters are timed. */
  clockSet(byMs: number): void {
    const way = byMs < 0 ? 'back' : 'forward';
    this.#tellDamage(
      `The clock of this computer was set ${way} by ${durationText(Math.abs(byMs))}. Readings that it timed before or since, while it was wrong, stand at wrong times; those that the meter times itself do not`,
    );
    this.#options.onChange(`runs on a computer whose clock was set ${way}`);
  }

  #tellHeld(until: number): void {
    this.#tellDamage(
      `The clock of this computer was set back: what it times is not kept until ${new Date(until).toISOString().slice(0, 16)}Z, for readings of that time are there`,
    );
  }

  #tellDamage(text: string): void {
    this.#damage = text.slice(0, 300);
    // Whoever tells of damage is connected again.
    this.#loss = null;
  }

  #lose(why: string): void {
    const isNews = this.#state !== 'lost';
    this.#state = 'lost';
    this.#awaited = null;
    this.#loss = why.slice(0, 300);
    // Of a connection that is gone; a folder's files are not looked at again only because it was away.
    if (this.#options.settings.kind !== 'folder') this.#damage = null;
    if (isNews) this.#options.onChange('was lost');
  }

  #tellPower({ importW, exportW }: LivePower): void {
    if (importW === null && exportW === null) return;
    const { environment, onLive, settings } = this.#options;
    const at = environment.now();
    const isDue = this.#live === null || at - this.#live.at >= LIVE_MS || at < this.#live.at;
    if (!isDue) return;
    this.#live = { meter: settings.name, at, importW, exportW };
    onLive(this.#live);
  }
}
