import { useQuery } from "@tanstack/react-query";
import { Pause, Play, RotateCcw, SkipForward, Square } from "lucide-react";
import { useState } from "react";
import { type Control, outlineOptions, type Run, useControl, useSkip } from "../api/runs";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { ProblemNote } from "../ui/ProblemNote";
import { useToast } from "../ui/Toasts";
import { count } from "../words/format";
import { hasEnded } from "../words/states";
import { visible } from "../words/visible";

/** A scheduled run need not wait for its time: somebody may have given it room. */
const GOES_ON = new Set(["paused", "pausing", "scheduled"]);

/** What may be asked of a run in its state. */
export function allowed(run: Run) {
  const ended = hasEnded(run.state);
  const gone = run.discarded_at !== null;
  return {
    pause: !ended && run.state !== "paused" && run.state !== "pausing" && run.state !== "cancelling",
    resume: !gone && (GOES_ON.has(run.state) || run.interrupted),
    stop: !ended && run.state !== "cancelling",
    retry: !gone && (run.state === "failed" || run.state === "cancelled"),
    // The service refuses it of a phase that is being worked on: pause first. A run that has ended is at no
    // phase; the service knows at which it stopped.
    skip:
      !gone &&
      !run.driven &&
      run.state !== "succeeded" &&
      run.state !== "cancelling" &&
      (ended ? run.attempts > 0 : run.current_phase_id !== null),
  };
}

const DONE: Record<Control, string> = {
  pause: "Pausing: it stops before its next step",
  resume: "The run goes on",
  cancel: "Stopping",
  retry: "The phase has new attempts",
};

/** The phase that the question is about: the run may be at another one by the time it is answered. */
type Skipped = { id: string | null; name: string | null };

/** The buttons that steer a run. Those that can't be taken back ask once. */
export function RunControls({ run }: { run: Run }) {
  const [asking, setAsking] = useState<"stop" | Skipped | null>(null);
  const control = useControl(run.run_id);
  const skip = useSkip(run.run_id);
  const say = useToast();
  const may = allowed(run);
  const close = () => {
    setAsking(null);
    control.reset();
    skip.reset();
  };
  const ask = (what: Control) =>
    control.mutate(what, {
      onSuccess: (answer) => {
        close();
        say(answer.changed ? DONE[what] : `It is ${answer.state.replaceAll("_", " ")} already`);
      },
    });
  const busy = control.isPending;
  return (
    <>
      {may.pause && (
        <Button icon={<Pause />} busy={busy && control.variables === "pause"} onClick={() => ask("pause")}>
          Pause
        </Button>
      )}
      {may.resume && (
        <Button icon={<Play />} busy={busy && control.variables === "resume"} onClick={() => ask("resume")}>
          Resume
        </Button>
      )}
      {may.retry && (
        <Button
          icon={<RotateCcw />}
          busy={busy && control.variables === "retry"}
          onClick={() => ask("retry")}
        >
          Retry
        </Button>
      )}
      {may.skip && (
        <Button
          icon={<SkipForward />}
          onClick={() => setAsking({ id: run.current_phase_id, name: run.current_phase_name })}
        >
          Skip
        </Button>
      )}
      {may.stop && (
        <Button kind="danger" icon={<Square />} onClick={() => setAsking("stop")}>
          Stop
        </Button>
      )}
      {control.isError && asking === null && (
        <Dialog title="That did not work" onClose={control.reset}>
          <ProblemNote error={control.error} />
        </Dialog>
      )}
      {asking === "stop" && (
        <Dialog
          title="Stop this run?"
          onClose={close}
          actions={
            <>
              <Button onClick={close}>Let it run</Button>
              <Button kind="danger" icon={<Square />} busy={busy} onClick={() => ask("cancel")}>
                Stop it
              </Button>
            </>
          }
        >
          <div className="space-y-2">
            <p>
              It stops at once, in the middle of whatever it is at.{" "}
              <strong>
                {run.completed_phases === 0
                  ? "Nothing is committed yet."
                  : `What is committed stays: ${count(run.completed_phases, "phase")} on ${run.branch}.`}
              </strong>
            </p>
            <p>
              The attempt in hand is not finished; what it used stays on the books. Retry goes on from there
              later.
            </p>
            {control.isError && <ProblemNote error={control.error} />}
          </div>
        </Dialog>
      )}
      {asking !== null && asking !== "stop" && (
        <Dialog
          title="Skip a phase?"
          onClose={close}
          actions={
            <>
              <Button onClick={close}>Don't skip</Button>
              <Button
                kind="danger"
                icon={<SkipForward />}
                busy={skip.isPending}
                onClick={() =>
                  skip.mutate(asking.id, {
                    onSuccess: () => {
                      close();
                      say(`The run goes past ${asking.name === null ? "the phase" : `“${asking.name}”`}`);
                    },
                  })
                }
              >
                Skip it
              </Button>
            </>
          }
        >
          <div className="space-y-2">
            <p>
              The run goes past <strong>{asking.name ?? <Stopped run={run.run_id} />}</strong>. An attempt in
              hand is dropped, and the phase is never done in this run.
            </p>
            <p>Later phases that build on it may fail.</p>
            {skip.isError && <ProblemNote error={skip.error} />}
          </div>
        </Dialog>
      )}
    </>
  );
}

/** The name of the phase that a run stopped at, which its status does not say any more. */
function Stopped({ run }: { run: string }) {
  const phases = useQuery(outlineOptions(run)).data?.tiers.flatMap((tier) => tier.phases);
  const at = phases?.find((phase) => phase.state === "failed" || phase.state === "cancelled");
  return at === undefined ? "the phase that it stopped at" : visible(at.name);
}
