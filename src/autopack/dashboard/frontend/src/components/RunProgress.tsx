import { useQuery } from "@tanstack/react-query";
import { outlineOptions, type Run } from "../api/runs";
import { Loading } from "../ui/Loading";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/ProblemNote";
import { Learned } from "./run/Learned";
import { RunCost } from "./run/RunCost";
import { RunSummary } from "./run/RunSummary";
import { Timeline } from "./run/Timeline";

type Props = {
  run: Run;
  /** Number of the phase that is open; null: none. */
  phase: number | null;
};

/** Where a run is, what it does in this moment, what it cost, and every phase and attempt of it. */
export function RunProgress({ run, phase }: Props) {
  const outline = useQuery(outlineOptions(run.run_id));
  return (
    <div className="space-y-3 sm:space-y-4">
      <RunSummary run={run} />
      <Panel title="Phases" aside={<RunCost run={run.run_id} />}>
        {outline.data !== undefined ? (
          <Timeline run={run} outline={outline.data} open={phase} />
        ) : outline.isError ? (
          <ProblemNote error={outline.error} retry={outline.refetch} className="m-4 mt-0" />
        ) : (
          <Loading what="the phases" lines={6} />
        )}
      </Panel>
      {run.ended_at !== null && <Learned run={run.run_id} />}
    </div>
  );
}
