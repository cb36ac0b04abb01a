/** What the feed says (docs/events.md), as far as the page reads it. */

export type FeedEvent = {
  id: number;
  run_id: string;
  kind: string;
  created_at: string;
  phase_index?: number;
  after?: string;
};

export type Activity = {
  run_id: string;
  phase_id: string | null;
  what: string;
  doing: string;
  tokens: number | null;
  since: string;
};

export type Hearers = {
  /** It is open; `from` is the id that it begins after where nobody said one, else null. */
  ready(from: number | null): void;
  event(event: FeedEvent): void;
  activity(activity: Activity): void;
  /** Events are missing: read everything anew. */
  reset(): void;
  /** It is cut, or does not open; it goes on trying. */
  cut(): void;
};

const AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000];
/** A browser with no connection left for the page says nothing, and opens one when it has one. */
const OPEN_MS = 5_000;

/**
 * Follows `GET /dashboard/events` and connects again, from the last event it had, for as long as it is open.
 *
 * The browser's own `EventSource` connects again after a cut by itself, but not after an answer that is an
 * error (a service that starts), and not where it is told to end: that is done here.
 */
export class Feed {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private last: number | null = null;

  constructor(private readonly hearers: Hearers) {}

  /** Id of the newest event that was heard; null before the first word of the service. */
  get heard(): number | null {
    return this.last;
  }

  open(): void {
    this.close();
    const source = new EventSource(`/dashboard/events${this.last === null ? "" : `?after=${this.last}`}`);
    this.source = source;
    this.timer = setTimeout(() => this.hearers.cut(), OPEN_MS);
    const hear = (name: string, heard: (message: MessageEvent<string>) => void) =>
      source.addEventListener(name, (message) => {
        if (this.source === source) heard(message as MessageEvent<string>);
      });
    hear("ready", (message) => {
      const from = this.last === null ? Number(message.lastEventId) : null;
      this.opened();
      this.last ??= from;
      this.hearers.ready(from);
    });
    hear("reset", (message) => {
      this.opened();
      this.last = Number(message.lastEventId);
      this.hearers.ready(null);
      this.hearers.reset();
    });
    hear("feed", (message) => {
      const event = JSON.parse(message.data) as FeedEvent;
      this.last = event.id;
      this.hearers.event(event);
    });
    hear("activity", (message) => this.hearers.activity(JSON.parse(message.data)));
    hear("error", () => this.again());
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private opened(): void {
    clearTimeout(this.timer);
    this.tries = 0;
  }

  private again(): void {
    this.close();
    const wait = AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), wait);
    this.hearers.cut();
  }
}
