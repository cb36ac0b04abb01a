import { useState } from "react";
import { idempotencyKey } from "../../api/client";

/** What someone began to write. The key goes with what it says: sent again, it is written once. */
export type Draft = { text: string; everyRun: boolean; key: string };

const drafts = new Map<string, Draft>();

/** A run's draft, kept for as long as the page lives: looking at another run does not lose it. */
export function useDraft(run: string) {
  const [draft, setDraft] = useState(() => drafts.get(run) ?? empty());
  return {
    draft,
    write(change: Partial<Omit<Draft, "key">>) {
      const next = { ...draft, ...change, key: idempotencyKey() };
      drafts.set(run, next);
      setDraft(next);
    },
    /** It was sent. */
    done(sent: Draft) {
      if (drafts.get(run)?.key !== sent.key) return;
      drafts.delete(run);
      setDraft(empty(sent.everyRun));
    },
  };
}

function empty(everyRun = false): Draft {
  return { text: "", everyRun, key: idempotencyKey() };
}
