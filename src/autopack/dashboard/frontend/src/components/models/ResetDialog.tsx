import { Undo2 } from "lucide-react";
import { type Mapping, useReset } from "../../api/models";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ProblemNote } from "../../ui/ProblemNote";
import { useToast } from "../../ui/Toasts";
import { cellName } from "./cells";

type Props = { row: Mapping; run: string | null; onClose(): void };

/** Takes a change back: a run has its own mapping again, models.yaml what it ships with. */
export function ResetDialog({ row, run, onClose }: Props) {
  const reset = useReset();
  const say = useToast();
  const name = cellName(row);
  const ofRun = row.scope === "run";
  const apply = () => {
    const { role, category, complexity, scope } = row;
    reset.mutate(
      { role, category, complexity, scope, ...(ofRun ? { run_id: run } : {}) },
      {
        onSuccess: (answer) => {
          const where = ofRun ? "This run" : "New runs";
          const now = answer.model === null ? "follows the wider rule again" : `is ${answer.model} again`;
          say(
            answer.changed ? `${where}: ${name} ${now}` : "There was nothing to reset",
            answer.notices.join(" "),
          );
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      title="Reset the model?"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" icon={<Undo2 />} busy={reset.isPending} onClick={apply}>
            Reset
          </Button>
        </>
      }
    >
      <div className="space-y-2">
        <p className="font-medium first-letter:uppercase">{name}</p>
        <p>
          {ofRun
            ? `Takes back ${row.model}, set for this run only. Phases that begin later get the model the run began with.`
            : `Takes back ${row.model} in models.yaml. Runs created later get what Autopack ships with here.`}
        </p>
        {reset.isError && <ProblemNote error={reset.error} />}
      </div>
    </Dialog>
  );
}
