import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, dataOf, idempotencyKey, type Schemas } from "./client";

export type Run = Schemas["DashboardRunStatus"];
export type Outline = Schemas["RunOutline"];
export type PhaseOutline = Schemas["PhaseOutline"];
export type PhaseDetail = Schemas["PhaseDetail"];
export type Attempt = Schemas["AttemptView"];
export type RunUsage = Schemas["RunUsage"];
export type Spend = Schemas["Spend"];
/** What an attempt at a phase changed; `sha` is that of its diff. */
export type Change = { run: string; phase: number; attempt: number; sha: string };

export const runKeys = {
  all: ["runs"] as const,
  list: ["runs", "list"] as const,
  one: (run: string) => ["runs", "one", run] as const,
  status: (run: string) => ["runs", "one", run, "status"] as const,
  outline: (run: string) => ["runs", "one", run, "outline"] as const,
  usage: (run: string) => ["runs", "one", run, "usage"] as const,
  context: (run: string) => ["runs", "one", run, "context"] as const,
  phase: (run: string, phase: number) => ["runs", "one", run, "phase", phase] as const,
  /** Not below its run: what an attempt left can't change any more, so no event has it asked for again. */
  diff: (change: Change) => ["diffs", change.run, change.phase, change.attempt, change.sha] as const,
};

const of = (run_id: string) => ({ path: { run_id } });

export const runListOptions = queryOptions({
  queryKey: runKeys.list,
  queryFn: ({ signal }) =>
    dataOf(client.GET("/dashboard/runs", { params: { query: { limit: 50, unfinished: true } }, signal })),
});

export const statusOptions = (run: string) =>
  queryOptions({
    queryKey: runKeys.status(run),
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/runs/{run_id}/status", { params: of(run), signal })),
  });

export const outlineOptions = (run: string) =>
  queryOptions({
    queryKey: runKeys.outline(run),
    // Of thousands of phases few are drawn: to compare them all with the former ones takes longer.
    structuralSharing: false,
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/runs/{run_id}/outline", { params: of(run), signal })),
  });

export const runUsageOptions = (run: string) =>
  queryOptions({
    queryKey: runKeys.usage(run),
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/runs/{run_id}/usage", { params: of(run), signal })),
  });

export const contextOptions = (run: string) =>
  queryOptions({
    queryKey: runKeys.context(run),
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/runs/{run_id}/context", { params: of(run), parseAs: "text", signal })),
  });

/** A phase by its number in the run: an amended plan may give an id to another place, an address stays. */
export const phaseOptions = (run: string, phase: number) =>
  queryOptions({
    queryKey: runKeys.phase(run, phase),
    queryFn: ({ signal }) =>
      dataOf(
        client.GET("/dashboard/runs/{run_id}/phases/{phase}", {
          params: { path: { run_id: run, phase: String(phase) } },
          signal,
        }),
      ),
  });

export const diffOptions = (change: Change) =>
  queryOptions({
    queryKey: runKeys.diff(change),
    queryFn: ({ signal }) =>
      dataOf(
        client.GET("/dashboard/runs/{run_id}/diff", {
          params: {
            path: { run_id: change.run },
            query: { phase: String(change.phase), attempt: change.attempt },
          },
          parseAs: "text",
          signal,
        }),
      ),
    staleTime: "static",
  });

export type Control = "pause" | "resume" | "cancel" | "retry";

/** Pause, resume, stop, retry. Asking again is harmless: each answer says whether it changed anything. */
export function useControl(run: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (control: Control) => dataOf(client.POST(`/runs/{run_id}/${control}`, { params: of(run) })),
    onSettled: () => refreshRun(queries, run),
  });
}

export function useSkip(run: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (phase: string | null) =>
      dataOf(client.POST("/runs/{run_id}/skip", { params: of(run), body: { phase } })),
    onSettled: () => refreshRun(queries, run),
  });
}

type Plan = Schemas["PlanRequest"];
type Start = Schemas["StartRequest"];

/** Start a run; the key is the caller's, so that pressing the button again creates nothing twice. */
export function useStart() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ plan, key }: { plan: Start; key: string }) =>
      dataOf(client.POST("/runs/start", { body: plan, params: { header: { "Idempotency-Key": key } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: runKeys.list }),
  });
}

export function useCheckPlan() {
  return useMutation({
    mutationFn: (plan: Plan) => dataOf(client.POST("/plans/check", { body: plan })),
  });
}

export const projectsOptions = queryOptions({
  queryKey: ["projects"],
  queryFn: ({ signal }) => dataOf(client.GET("/projects", { signal })),
});

export { idempotencyKey };

/** Not waited for: an answer, or that there is none, is shown at once. */
function refreshRun(queries: ReturnType<typeof useQueryClient>, run: string): void {
  void queries.invalidateQueries({ queryKey: runKeys.list });
  void queries.invalidateQueries({ queryKey: runKeys.one(run) });
}
