import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, dataOf, type Schemas } from "./client";

export type Note = Schemas["NoteView"];
export type NoteList = Schemas["NoteList"];
export type Receipt = Schemas["Receipt"];
type NewNote = Schemas["NewNote"];

export const noteKeys = {
  all: ["notes"] as const,
  of: (run: string | null) => ["notes", "of", run] as const,
};

/** The newest five in force for a run, or of the latest active run's project. */
export const notesOptions = (run: string | null) =>
  queryOptions({
    queryKey: noteKeys.of(run),
    queryFn: ({ signal }) =>
      dataOf(
        client.GET("/dashboard/human-notes", {
          params: { query: { limit: 5, ...(run ? { run_id: run } : {}) } },
          signal,
        }),
      ),
  });

/** Add a note; the key is the caller's, so that sending it again writes nothing twice. */
export function useAddNote() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ key, ...body }: NewNote & { key: string }) =>
      dataOf(client.POST("/dashboard/human-notes", { body, params: { header: { "Idempotency-Key": key } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: noteKeys.all }),
  });
}

export function useWithdrawNote() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (note_id: string) =>
      dataOf(client.DELETE("/dashboard/human-notes/{note_id}", { params: { path: { note_id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: noteKeys.all }),
  });
}
