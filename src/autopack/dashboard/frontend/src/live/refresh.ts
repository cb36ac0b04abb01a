import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";

/**
 * Ask anew, for answers that are not older than this moment.
 *
 * A query that has no answer yet is not asked twice at once: the request on its way may have been answered
 * from an older state, so it is asked once more when it is here.
 */
export async function refresh(queries: QueryClient, filters: QueryFilters): Promise<void> {
  const first = new Set<unknown>(
    queries
      .getQueryCache()
      .findAll({ ...filters, fetchStatus: "fetching" })
      .filter((query) => query.state.data === undefined),
  );
  await queries.invalidateQueries(filters as QueryFilters);
  if (first.size === 0) return;
  await queries.invalidateQueries({
    predicate: (query) => first.has(query) && (filters.predicate?.(query) ?? true),
  });
}

/** Whether an answer may lack an event: what does not say how new it is may. */
export function mayLack(event: number): (query: Query) => boolean {
  return (query) => asOf(query.state.data) < event;
}

/** Id of the newest event that an answer holds; -1 where it does not say. */
export function asOf(answer: unknown): number {
  if (typeof answer !== "object" || answer === null) return -1;
  if ("as_of" in answer && typeof answer.as_of === "number") return answer.as_of;
  if ("runs" in answer && Array.isArray(answer.runs)) return Math.max(-1, ...answer.runs.map(asOf));
  return -1;
}
