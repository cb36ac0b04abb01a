import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { type Outline, type Run, runKeys, runListOptions } from "../api/runs";
import type { Activity, FeedEvent } from "./events";

type Move = { id: number; after: string };

/**
 * What the feed says that is shown before an answer holds it: a phase's state, and what a run is at.
 *
 * An answer that was on its way meanwhile may be older, and would take it back for a moment: what is newer
 * than an answer is put over it again.
 */
export class Patches {
  private readonly moves = new Map<string, Map<number, Move>>();
  private readonly activities = new Map<string, Activity>();

  constructor(private readonly queries: QueryClient) {}

  phase(event: FeedEvent): void {
    if (event.phase_index === undefined || event.after === undefined) return;
    const key = runKeys.outline(event.run_id);
    if (this.queries.getQueryCache().find({ queryKey: key }) === undefined) return;
    const moves = this.moves.get(event.run_id) ?? new Map<number, Move>();
    moves.set(event.phase_index, { id: event.id, after: event.after });
    this.moves.set(event.run_id, moves);
    this.put(key, (before: Outline) => this.overOutline(before));
  }

  activity(activity: Activity): void {
    this.activities.set(activity.run_id, activity);
    const put = (run: Run) => (run.run_id === activity.run_id ? withActivity(run, activity) : run);
    this.put(runKeys.status(activity.run_id), put);
    this.put(runListOptions.queryKey, (before: { runs: Run[] }) => ({ runs: before.runs.map(put) }));
  }

  /** From now on over every answer; ends when the function that this returns is called. */
  over(): () => void {
    return this.queries.getQueryCache().subscribe((change) => {
      if (change.type !== "updated" || change.action.type !== "success" || change.action.manual) return;
      const key = change.query.queryKey;
      if (key[0] !== "runs") return;
      if (key[1] === "list") {
        this.put(key, (before: { runs: Run[] }) => {
          const runs = before.runs.map((run) => this.overRun(run));
          return runs.some((run, at) => run !== before.runs[at]) ? { runs } : before;
        });
      } else if (key[3] === "status") this.put(key, (before: Run) => this.overRun(before));
      else if (key[3] === "outline") this.put(key, (before: Outline) => this.overOutline(before));
    });
  }

  forget(): void {
    this.moves.clear();
    this.activities.clear();
  }

  private overOutline(outline: Outline): Outline {
    const moves = this.moves.get(outline.run_id);
    if (moves === undefined) return outline;
    let shown = outline;
    for (const [index, move] of moves) {
      if (move.id <= outline.as_of) moves.delete(index);
      else shown = movedPhase(shown, index, move.after);
    }
    return shown;
  }

  private overRun(run: Run): Run {
    const latest = this.activities.get(run.run_id);
    const newer = latest && run.activity && Date.parse(latest.since) > Date.parse(run.activity.since);
    return newer ? withActivity(run, latest) : run;
  }

  /** Neither makes old data young nor takes back that it is to be asked anew. */
  private put<Data>(key: QueryKey, change: (before: Data) => Data): void {
    const query = this.queries.getQueryCache().find({ queryKey: key });
    const before = query?.state.data as Data | undefined;
    if (query === undefined || before === undefined) return;
    const after = change(before);
    if (after === before) return;
    const { isInvalidated, dataUpdatedAt } = query.state;
    this.queries.setQueryData(key, after as unknown, { updatedAt: dataUpdatedAt });
    if (isInvalidated) query.invalidate();
  }
}

function withActivity(run: Run, { run_id: _, ...activity }: Activity): Run {
  return { ...run, activity };
}

/** The outline with one phase in another state; everything else is the same object. */
export function movedPhase(outline: Outline, index: number, state: string): Outline {
  const concerns = (phase: { index: number; state: string }) =>
    phase.index === index && phase.state !== state;
  if (!outline.tiers.some((tier: Outline["tiers"][number]) => tier.phases.some(concerns))) return outline;
  return {
    ...outline,
    tiers: outline.tiers.map((tier: Outline["tiers"][number]) =>
      tier.phases.some(concerns)
        ? {
            ...tier,
            phases: tier.phases.map((one: Outline["tiers"][number]["phases"][number]) =>
              concerns(one) ? { ...one, state } : one,
            ),
          }
        : tier,
    ),
  };
}
