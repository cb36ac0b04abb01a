import { CancelledError, type Query, type QueryClient } from "@tanstack/react-query";
import { Unreachable } from "../api/client";
import { modelKeys } from "../api/models";
import { noteKeys } from "../api/notes";
import { runKeys, runListOptions } from "../api/runs";
import { usageKeys } from "../api/usage";
import { Feed, type FeedEvent } from "./events";
import { Patches } from "./patches";
import { asOf, mayLack, refresh } from "./refresh";
import { Refresher } from "./refresher";

const POLL_MS = 5_000;
const LOOK_MS = 30_000;
const ON_ITS_WAY_MS = 2_000;
const HIDDEN_MS = 10_000;
const USAGE_REST_MS = 4_000;
const COUNT_MS = 100;

export type LiveState = {
  /** `polling`: the feed is cut; `offline`: no request gets through either. */
  link: "connecting" | "live" | "polling" | "offline";
  held: boolean;
  /** Events that came while the page was held. */
  missed: number;
};

export const BEGINNING: LiveState = { link: "connecting", held: false, missed: 0 };

/**
 * Keeps every query of the page in step with the feed; where the feed is cut, by asking every 5 seconds.
 *
 * Events don't carry state: they say which query is to be asked anew. So nothing can drift, and what a cut
 * missed is told again after it.
 */
export class Follower {
  private state = BEGINNING;
  private over = false;
  private readonly feed: Feed;
  private readonly patches: Patches;
  private readonly refresher: Refresher;
  private readonly polling = new Beat(POLL_MS, () => this.poll());
  private readonly looking = new Beat(LOOK_MS, () => this.look());
  private readonly stops: (() => void)[] = [];
  private counting: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly queries: QueryClient,
    private readonly shown: (state: LiveState) => void,
  ) {
    this.patches = new Patches(queries);
    this.refresher = new Refresher(async (key) => {
      if (!this.state.held) await refresh(queries, { queryKey: JSON.parse(key) });
    });
    this.feed = new Feed({
      ready: (from) => this.opened(from),
      event: (event) => (this.state.held ? this.miss() : this.apply(event)),
      activity: (activity) => {
        if (this.state.held) return;
        this.patches.activity(activity);
        this.ask(usageKeys.all, USAGE_REST_MS);
      },
      reset: () => {
        this.patches.forget();
        if (this.state.held) this.miss();
        else void refresh(queries, {});
      },
      cut: () => this.cut(),
    });
  }

  start(): void {
    const heed = () => (hidden() ? this.hide() : this.appear());
    document.addEventListener("visibilitychange", heed);
    this.stops.push(this.patches.over(), () => document.removeEventListener("visibilitychange", heed));
    this.looking.begin();
    this.feed.open();
    if (hidden()) this.hide();
  }

  stop(): void {
    this.over = true;
    for (const stop of this.stops) stop();
    clearTimeout(this.counting);
    clearTimeout(this.hiding);
    this.polling.end();
    this.looking.end();
    this.feed.close();
  }

  /** Show nothing new, and count what comes. */
  hold(): void {
    this.set({ held: true, missed: 0 });
  }

  /** Show everything that came. */
  release(): void {
    clearTimeout(this.counting);
    this.counting = undefined;
    this.set({ held: false, missed: 0 });
    void refresh(this.queries, {});
  }

  /** Ask anew for what an event concerns; a phase's state is shown before the answer is here. */
  private apply(event: FeedEvent): void {
    if (event.kind === "phase_moved") this.patches.phase(event);
    this.ask(runKeys.list);
    this.ask(runKeys.one(event.run_id));
    this.ask(usageKeys.all, USAGE_REST_MS);
    if (event.kind.startsWith("note_")) this.ask(noteKeys.all);
    if (event.kind === "model_overridden" || event.kind === "run_created") this.ask(modelKeys.all);
  }

  private ask(key: readonly unknown[], rest?: number): void {
    this.refresher.ask(JSON.stringify(key), rest);
  }

  private miss(): void {
    this.state = { ...this.state, missed: this.state.missed + 1 };
    this.counting ??= setTimeout(() => {
      this.counting = undefined;
      this.shown(this.state);
    }, COUNT_MS);
  }

  private opened(from: number | null): void {
    this.polling.end();
    this.set({ link: "live" });
    if (this.state.held) return;
    // What was asked before the feed began may have been answered before its first event. After a cut it
    // tells what happened meanwhile, but not what failed to be asked.
    const lacks = from === null ? () => false : mayLack(from);
    const predicate = (query: Query) => query.state.status === "error" || lacks(query);
    void refresh(this.queries, { predicate });
  }

  private cut(): void {
    if (this.state.link !== "offline") this.set({ link: "polling" });
    if (this.polling.begin()) void this.polling.now();
  }

  private async poll(): Promise<void> {
    if (this.state.held || hidden()) return;
    const list = await this.newest();
    if (this.over || this.state.link === "live" || list === "unsure") return;
    if (list === "unreachable") return this.set({ link: "offline" });
    if (this.state.link === "offline") {
      this.set({ link: "polling" });
      this.feed.open();
    }
    await this.queries.refetchQueries(
      { type: "active", predicate: (query) => query.queryKey[1] !== "list" },
      { cancelRefetch: false },
    );
  }

  /** A connection that says nothing may be dead: look whether there are events that it did not bring. */
  private async look(): Promise<void> {
    if (this.state.held || this.state.link !== "live" || hidden()) return;
    const newest = await this.newest();
    if (typeof newest !== "number" || newest <= (this.feed.heard ?? newest)) return;
    await new Promise((done) => setTimeout(done, ON_ITS_WAY_MS));
    const dead =
      !this.over && this.state.link === "live" && !this.closed && newest > (this.feed.heard ?? newest);
    if (dead) this.feed.open();
  }

  private async newest(): Promise<number | "unreachable" | "unsure"> {
    try {
      return asOf(await this.queries.fetchQuery({ ...runListOptions, staleTime: 0, retry: false }));
    } catch (error) {
      if (error instanceof Unreachable) return "unreachable";
      return error instanceof CancelledError ? "unsure" : -1;
    }
  }

  /** A browser has six connections for all tabs of a service: one that nobody sees gives its own back. */
  private hide(): void {
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => {
      this.closed = true;
      this.feed.close();
      this.polling.end();
      this.set({ link: "connecting" });
    }, HIDDEN_MS);
  }

  private appear(): void {
    clearTimeout(this.hiding);
    if (this.closed) {
      this.closed = false;
      this.feed.open();
    } else if (this.polling.running) void this.polling.now();
    // Files that a person edits are in no feed.
    if (this.state.held) return;
    void this.queries.refetchQueries({ type: "active", stale: true }, { cancelRefetch: false });
  }

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    if (!this.over) this.shown(this.state);
  }
}

function hidden(): boolean {
  return document.visibilityState === "hidden";
}

/** Does something again and again, and never twice at once. */
class Beat {
  private timer: ReturnType<typeof setInterval> | undefined;
  private busy = false;

  constructor(
    private readonly every: number,
    private readonly work: () => Promise<void>,
  ) {}

  get running(): boolean {
    return this.timer !== undefined;
  }

  /** Whether it did not run already. */
  begin(): boolean {
    if (this.running) return false;
    this.timer = setInterval(() => void this.now(), this.every);
    return true;
  }

  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  async now(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.work();
    } finally {
      this.busy = false;
    }
  }
}
