import { useQuery } from "@tanstack/react-query";
import { memo, useId, useMemo, useState } from "react";
import { choicesOptions, type Mapping, type ModelChoice, mappingOptions } from "../api/models";
import { outlineOptions, type Run } from "../api/runs";
import { Loading } from "../ui/Loading";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/ProblemNote";
import { CategoryCells, HelperCells } from "./models/CategoryCells";
import { ChangeDialog } from "./models/ChangeDialog";
import { byCategory, counterpart, helpers, matches, type Phases, plannedPhases } from "./models/cells";
import { type Ask, CellContext } from "./models/ModelCell";
import { ResetDialog } from "./models/ResetDialog";
import { ScopeSwitch, type Shown } from "./models/ScopeSwitch";
import { WhyDialog } from "./models/WhyDialog";

const FILTER_FROM = 10;

/** Which model builds and which audits, by category and complexity; for this run or for all new ones. */
export function ModelMapping({ run }: { run: Run | null }) {
  if (run === null) return <OfNewRuns />;
  const over = run.state === "succeeded" || run.discarded_at !== null;
  return <OfRun key={run.run_id} run={run.run_id} over={over} />;
}

const NOTHING_PLANNED: ReadonlyMap<string, Phases> = new Map();

const OfNewRuns = memo(function OfNewRuns() {
  return <Models run={null} over={false} planned={NOTHING_PLANNED} />;
});

// The run's status changes with every call; none of that is shown here.
const OfRun = memo(function OfRun({ run, over }: { run: string; over: boolean }) {
  const outline = useQuery(outlineOptions(run)).data as Parameters<typeof plannedPhases>[0];
  const planned = useMemo(() => plannedPhases(outline), [outline]);
  return <Models run={run} over={over} planned={planned} />;
});

type Props = { run: string | null; over: boolean; planned: ReadonlyMap<string, Phases> };

function Models({ run, over, planned }: Props) {
  const [shown, setShown] = useState<Shown>(run === null ? "new" : "run");
  const [asking, setAsking] = useState<Ask | null>(null);
  const ofRun = shown === "run" ? run : null;
  const mapping = useQuery(mappingOptions(ofRun));
  const choices = useQuery(choicesOptions);
  const known = choices.data?.models ?? NO_CHOICES;
  const runOpen = run !== null && !over;
  const cells = useMemo(() => ({ choices: known, shown, runOpen, ask: setAsking }), [known, shown, runOpen]);
  const close = () => setAsking(null);
  return (
    <Panel
      title="Models"
      className="min-w-0"
      aside={run !== null && <ScopeSwitch shown={shown} onShow={setShown} />}
    >
      <p className="px-4 pb-2 text-muted">{scopeText(shown, over)}</p>
      {choices.isError && choices.data === undefined && (
        <ProblemNote error={choices.error} retry={choices.refetch} className="mx-3 mb-3" />
      )}
      {mapping.isError && (
        <div className="mx-3 mb-3 space-y-1">
          <ProblemNote error={mapping.error} retry={mapping.refetch} />
          {mapping.data !== undefined && <p className="text-muted">What is shown may be old.</p>}
        </div>
      )}
      {mapping.isPending && <Loading what="the models" lines={6} />}
      {mapping.data !== undefined && (
        <CellContext value={cells}>
          <Rows rows={mapping.data} planned={planned} />
        </CellContext>
      )}
      {asking?.what === "change" && (
        <ChangeDialog
          row={asking.row}
          model={asking.model}
          choices={known}
          other={counterpart(mapping.data ?? [], asking.row)}
          run={runOpen ? run : null}
          onClose={close}
        />
      )}
      {asking?.what === "reset" && <ResetDialog row={asking.row} run={run} onClose={close} />}
      {asking?.what === "why" && <WhyDialog row={asking.row} run={ofRun} onClose={close} />}
    </Panel>
  );
}

const NO_CHOICES: readonly ModelChoice[] = [];

function scopeText(shown: Shown, over: boolean): string {
  if (shown === "new") return "As models.yaml has it: for runs created later.";
  return over
    ? "What this run had. It is over: a change is for new runs."
    : "For phases that this run begins later. A phase in hand keeps its models.";
}

const Rows = memo(function Rows({ rows, planned }: { rows: readonly Mapping[]; planned: Props["planned"] }) {
  const [wanted, setWanted] = useState("");
  const field = useId();
  const categories = useMemo(() => byCategory(rows, planned), [rows, planned]);
  const beside = helpers(rows);
  const found = categories.filter((category) => matches(category, wanted));
  return (
    <>
      {categories.length > FILTER_FROM && (
        <div className="not-printed px-4 pb-3">
          <label htmlFor={field} className="sr-only">
            Filter by category or model
          </label>
          <input
            id={field}
            type="search"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            placeholder="Category or model"
            className="min-h-8 w-full rounded-md border border-edge bg-surface px-2 py-1 placeholder:text-muted pointer-coarse:min-h-11"
          />
        </div>
      )}
      <p role="status" className={found.length === 0 ? "px-4 pb-3 text-muted" : "sr-only"}>
        {found.length === 0
          ? categories.length === 0
            ? "models.yaml names no category yet."
            : "No category or model has that in its name."
          : wanted !== "" && `${found.length} of ${categories.length} categories`}
      </p>
      {found.map((category, place) => (
        <CategoryCells key={category.name} category={category} startsOpen={place === 0} />
      ))}
      {beside.length > 0 && <HelperCells rows={beside} />}
    </>
  );
});
