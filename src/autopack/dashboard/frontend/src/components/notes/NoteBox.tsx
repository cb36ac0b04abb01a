import clsx from "clsx";
import { Send } from "lucide-react";
import { useId, useState } from "react";
import { useAddNote } from "../../api/notes";
import type { Run } from "../../api/runs";
import { Button } from "../../ui/Button";
import { ProblemNote } from "../../ui/ProblemNote";
import { useToast } from "../../ui/Toasts";
import { whole } from "../../words/format";
import { hasEnded } from "../../words/states";
import { useDraft } from "./drafts";

/** What the service takes. */
const LONGEST = 4_000;

/** Where one writes what every later prompt is to say. */
export function NoteBox({ run }: { run: Run }) {
  const { draft, write, done } = useDraft(run.run_id);
  const [problem, setProblem] = useState<unknown>(null);
  const add = useAddNote();
  const say = useToast();
  const box = useId();
  const text = draft.text.trim();
  const length = [...text].length;
  const fits = length > 0 && length <= LONGEST;

  const send = async () => {
    if (!fits || add.isPending) return;
    setProblem(null);
    try {
      await add.mutateAsync({ note: text, run_id: run.run_id, every_run: draft.everyRun, key: draft.key });
    } catch (error) {
      setProblem(error);
      return;
    }
    done(draft);
    say("Note written");
  };

  return (
    <form
      aria-label="Leave a note"
      className="not-printed space-y-2.5"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div className="flex items-baseline justify-between gap-2">
        <label htmlFor={box} className="font-semibold">
          Note for the models
        </label>
        <span id={`${box}-count`} className={clsx("text-xs", length > LONGEST ? "text-bad" : "text-muted")}>
          {length > LONGEST && "Too long: "}
          {whole(length)} of {whole(LONGEST)} characters
        </span>
      </div>
      <textarea
        id={box}
        value={draft.text}
        readOnly={add.isPending}
        rows={3}
        placeholder="Skip the UI tests, backend only."
        aria-describedby={`${box}-count ${box}-where`}
        aria-invalid={length > LONGEST || undefined}
        aria-keyshortcuts="Control+Enter Meta+Enter"
        onChange={(event) => write({ text: event.target.value })}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void send();
        }}
        className="block min-h-20 w-full resize-y rounded-md border border-edge bg-surface px-2.5 py-2 placeholder:text-muted"
      />
      <fieldset className="flex flex-wrap gap-x-4">
        <legend className="sr-only">Who the note is for</legend>
        <Choice name={box} checked={!draft.everyRun} onChange={() => write({ everyRun: false })}>
          This run
        </Choice>
        <Choice name={box} checked={draft.everyRun} onChange={() => write({ everyRun: true })}>
          Every run of {run.project}
        </Choice>
      </fieldset>
      <p id={`${box}-where`} className="text-muted">
        It is written to <code className="font-mono text-xs wrap-anywhere">.autopack/human_notes.md</code> of{" "}
        {run.project}. {whatCarries(run, draft.everyRun)}
      </p>
      {problem !== null && <ProblemNote error={problem} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" kind="primary" icon={<Send />} busy={add.isPending} disabled={!fits}>
          Leave the note
        </Button>
        <span className="text-muted text-xs pointer-coarse:hidden">
          <kbd className="font-sans">Ctrl</kbd> or <kbd className="font-sans">⌘</kbd> +{" "}
          <kbd className="font-sans">Enter</kbd>
        </span>
      </div>
    </form>
  );
}

function whatCarries(run: Run, everyRun: boolean): string {
  if (!hasEnded(run.state)) {
    return "Every attempt that begins later carries it; the one in hand goes on without.";
  }
  if (everyRun) return "Later runs carry it. This one has ended: it does only if it goes on.";
  return "This run has ended: no prompt of it carries the note, unless it goes on.";
}

type ChoiceProps = { name: string; checked: boolean; onChange(): void; children: React.ReactNode };

function Choice({ children, ...rest }: ChoiceProps) {
  return (
    <label className="flex min-h-8 min-w-0 items-center gap-2 pointer-coarse:min-h-11">
      <input type="radio" {...rest} className="size-4 shrink-0 accent-accent" />
      <span className="min-w-0 wrap-anywhere">{children}</span>
    </label>
  );
}
