import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, dataOf, type Schemas } from "./client";

export type Mapping = Schemas["ModelMapping"];
export type ModelChoice = Schemas["ModelChoice"];
export type Override = Schemas["OverrideRequest"];
export type Decision = Schemas["Decision"];
type Question = Schemas["ExplainRequest"];
export type Cell = Omit<Override, "model">;

export const modelKeys = {
  all: ["models"] as const,
  mapping: (run: string | null) => ["models", "mapping", run] as const,
  choices: ["models", "choices"] as const,
  decision: (of: Question) =>
    ["models", "decision", of.role, of.category, of.complexity, of.run_id ?? null] as const,
};

/** Of a run, or of runs to come. */
export const mappingOptions = (run: string | null) =>
  queryOptions({
    queryKey: modelKeys.mapping(run),
    queryFn: ({ signal }) =>
      dataOf(client.GET("/dashboard/models", { params: { query: run ? { run_id: run } : {} }, signal })),
  });

export const choicesOptions = queryOptions({
  queryKey: modelKeys.choices,
  queryFn: ({ signal }) => dataOf(client.GET("/dashboard/models/choices", { signal })),
});

/** What a call would get at this moment: an older answer is none. */
export const explainOptions = (question: Question) =>
  queryOptions({
    queryKey: modelKeys.decision(question),
    queryFn: ({ signal }) => dataOf(client.POST("/routing/explain", { body: question, signal })),
    staleTime: 0,
    gcTime: 0,
  });

/** Give a cell another model. */
export function useOverride() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Override) => dataOf(client.POST("/dashboard/models/override", { body })),
    onSettled: () => queries.invalidateQueries({ queryKey: modelKeys.all }),
  });
}

/** Take such a change back. */
export function useReset() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (query: Cell) => dataOf(client.DELETE("/dashboard/models/override", { params: { query } })),
    onSettled: () => queries.invalidateQueries({ queryKey: modelKeys.all }),
  });
}
