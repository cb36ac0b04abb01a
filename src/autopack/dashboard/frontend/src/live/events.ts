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

export type Link = "connecting" | "live" | "polling";

type Hearers = {
  event(event: FeedEvent): void;
  activity(activity: Activity): void;
  /** Events are missing: read everything anew. */
  reset(): void;
  link(link: Link): void;
};

const AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000];

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
  private last: number | null;

  constructor(
    private readonly hearers: Hearers,
    after: number | null,
  ) {
    this.last = after;
  }

  /** Id of the newest event that was heard; null before the first word of the service. */
  get heard(): number | null {
    return this.last;
  }

  open(): void {
    this.close();
    const after = this.last === null ? "" : `?after=${this.last}`;
    const source = new EventSource(`/dashboard/events${after}`);
    this.source = source;
    source.addEventListener("ready", (message) => {
      this.tries = 0;
      this.last ??= Number(message.lastEventId);
      this.hearers.link("live");
    });
    source.addEventListener("feed", (message) => {
      const event = JSON.parse(message.data) as FeedEvent;
      this.last = event.id;
      this.hearers.event(event);
    });
    source.addEventListener("activity", (message) => this.hearers.activity(JSON.parse(message.data)));
    source.addEventListener("reset", (message) => {
      this.tries = 0;
      this.last = Number(message.lastEventId);
      this.hearers.link("live");
      this.hearers.reset();
    });
    source.addEventListener("error", () => this.again());
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private again(): void {
    this.close();
    this.hearers.link("polling");
    const wait = AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)];
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), wait);
  }
}
