import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import { Unreachable } from "../api/client";
import { modelKeys } from "../api/models";
import { noteKeys } from "../api/notes";
import { type Outline, type Run, runKeys, runListOptions } from "../api/runs";
import { usageKeys } from "../api/usage";
import { type Activity, Feed, type FeedEvent, type Link } from "./events";
import { Refresher } from "./refresher";

const POLL_MS = 5_000;
const LOOK_MS = 30_000;
const HIDDEN_MS = 10_000;
const USAGE_REST_MS = 4_000;

export type Live = {
  /** `offline`: neither the feed nor a request gets through. */
  link: Link | "offline";
  held: boolean;
  /** Events that came while the page was held. */
  missed: number;
  hold(): void;
  release(): void;
};

const Context = createContext<Live | null>(null);

/** Whether the page is live, and the button that holds it. */
export function useLive(): Live {
  const live = useContext(Context);
  if (live === null) throw new Error("useLive is used outside LiveProvider");
  return live;
}

/**
 * Keeps every query of the page in step with the feed; where the feed is cut, by asking every 5 seconds.
 *
 * Events don't carry state: they say which query is to be asked anew. So nothing can drift, and what a cut
 * missed is in the first answer after it.
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [link, setLink] = useState<Live["link"]>("connecting");
  const [held, setHeld] = useState(false);
  const [missed, setMissed] = useState(0);
  const holding = useRef(false);

  const release = useCallback(() => {
    holding.current = false;
    setHeld(false);
    setMissed(0);
    void queries.invalidateQueries();
  }, [queries]);

  const hold = useCallback(() => {
    holding.current = true;
    setHeld(true);
  }, []);

  useEffect(() => {
    const refresher = new Refresher((key) => queries.invalidateQueries({ queryKey: JSON.parse(key) }));
    const feed = new Feed(
      {
        event(event) {
          if (holding.current) setMissed((before) => before + 1);
          else apply(queries, refresher, event);
        },
        activity(activity) {
          if (!holding.current) show(queries, refresher, activity);
        },
        reset: () => void queries.invalidateQueries(),
        link: setLink,
      },
      null,
    );
    feed.open();
    const stopLooking = lookAgain(queries, feed);
    const stopHiding = closeWhileHidden(queries, feed);
    return () => {
      stopLooking();
      stopHiding();
      feed.close();
    };
  }, [queries]);

  useEffect(() => {
    if (link === "live" || link === "connecting") return;
    let over = false;
    const poll = async () => {
      if (holding.current) return;
      await queries.refetchQueries({ type: "active" });
      const refused = queries.getQueryState(runKeys.list)?.error instanceof Unreachable;
      if (!over) setLink((now) => (now === "live" ? now : refused ? "offline" : "polling"));
    };
    void poll();
    const timer = setInterval(() => void poll(), POLL_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [link, queries]);

  return <Context value={{ link, held, missed, hold, release }}>{children}</Context>;
}

/** Ask anew for what an event concerns; a phase's state is shown before the answer is here. */
function apply(queries: QueryClient, refresher: Refresher, event: FeedEvent): void {
  const ask = (key: readonly unknown[], rest?: number) => refresher.ask(JSON.stringify(key), rest);
  if (event.kind === "phase_moved" && event.after !== undefined) {
    const after = event.after;
    queries.setQueryData<Outline>(runKeys.outline(event.run_id), (before) =>
      before === undefined ? before : movedPhase(before, event.phase_index, after),
    );
  }
  ask(runKeys.list);
  ask(runKeys.one(event.run_id));
  ask(usageKeys.all, USAGE_REST_MS);
  if (event.kind.startsWith("note_")) ask(noteKeys.all);
  if (event.kind === "model_overridden" || event.kind === "run_created") ask(modelKeys.all);
}

/** The outline with one phase in another state; everything else is the same object. */
export function movedPhase(outline: Outline, index: number | undefined, state: string): Outline {
  return {
    ...outline,
    tiers: outline.tiers.map((tier) =>
      tier.phases.some((phase) => phase.index === index && phase.state !== state)
        ? { ...tier, phases: tier.phases.map((one) => (one.index === index ? { ...one, state } : one)) }
        : tier,
    ),
  };
}

function show(queries: QueryClient, refresher: Refresher, { run_id, ...activity }: Activity): void {
  const put = (run: Run): Run => (run.run_id === run_id ? { ...run, activity } : run);
  queries.setQueryData<Run>(runKeys.status(run_id), (before) => before && put(before));
  queries.setQueryData(runListOptions.queryKey, (before) => before && { runs: before.runs.map(put) });
  refresher.ask(JSON.stringify(usageKeys.all), USAGE_REST_MS);
}

/** A connection that says nothing may be dead: look whether there are events that it did not bring. */
function lookAgain(queries: QueryClient, feed: Feed): () => void {
  let behind = false;
  const timer = setInterval(async () => {
    const list = await queries.fetchQuery({ ...runListOptions, staleTime: 0 }).catch(() => null);
    const newest = list?.runs[0]?.as_of ?? 0;
    const misses = feed.heard !== null && newest > feed.heard;
    if (misses && behind) feed.open();
    behind = misses && !behind;
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** A browser has six connections for all tabs of a service: one that nobody sees gives its own back. */
function closeWhileHidden(queries: QueryClient, feed: Feed): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const heed = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") {
      timer = setTimeout(() => {
        closed = true;
        feed.close();
      }, HIDDEN_MS);
    } else if (closed) {
      closed = false;
      feed.open();
      void queries.invalidateQueries();
    }
  };
  document.addEventListener("visibilitychange", heed);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", heed);
  };
}
