import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, dataOf, type Schemas } from "./client";
import { runKeys } from "./runs";

export type Postmortem = Schemas["PostmortemView"];
export type Lesson = Schemas["Lesson"];
export type Decision = Schemas["LessonDecision"]["decision"];

/** Below its run: an event of the run has it asked for again. */
const keyOf = (run: string) => [...runKeys.one(run), "postmortem"] as const;

export const postmortemOptions = (run: string) =>
  queryOptions({
    queryKey: keyOf(run),
    queryFn: ({ signal }) =>
      dataOf(
        client.GET("/dashboard/runs/{run_id}/postmortem", { params: { path: { run_id: run } }, signal }),
      ),
  });

/** Accept a lesson, or dismiss it. Again is harmless. */
export function useDecideLesson(run: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ lesson, decision }: { lesson: string; decision: Decision }) =>
      dataOf(
        client.POST("/dashboard/runs/{run_id}/lessons/{lesson_id}", {
          params: { path: { run_id: run, lesson_id: lesson } },
          body: { decision },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: keyOf(run) }),
  });
}
