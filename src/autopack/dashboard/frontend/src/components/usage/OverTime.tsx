import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { type Period, type SeriesBy, seriesOptions } from "../../api/usage";
import { Loading } from "../../ui/Loading";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/ProblemNote";
import { Select } from "../../ui/Select";
import { Choice, useKept } from "./Choice";
import { Legend } from "./Legend";
import { SeriesTable } from "./SeriesTable";
import { type Chart, chartOf, ofKind, shownValue, type Unit, unknownCalls } from "./series";
import { PERIODS, SERIES_BY } from "./words";

// The drawing comes with a large library: it is loaded when there is something to draw.
const StackedBars = lazy(() => import("./StackedBars"));

const CUTS = Object.keys(SERIES_BY) as SeriesBy[];
const KINDS: { value: Kind; label: string }[] = [
  { value: "real", label: "Real" },
  { value: "simulated", label: "Simulated" },
];
const UNITS: { value: Unit; label: string }[] = [
  { value: "tokens", label: "Tokens" },
  { value: "usd", label: "Dollars" },
];

type Kind = "real" | "simulated";
type Props = { period: Period; subscribed: ReadonlySet<string> };

/** What was used when, and by what: a chart, its legend with sums, and the same as a table. */
export function OverTime({ period, subscribed }: Props) {
  const [by, setBy] = useKept<SeriesBy>("by", CUTS, "model");
  const [unit, setUnit] = useKept<Unit>("in", ["tokens", "usd"], "tokens");
  const [kind, setKind] = useKept<Kind>("calls", ["real", "simulated"], "real");
  const { data, error, refetch, isPlaceholderData } = useQuery({
    ...seriesOptions(period, by),
    placeholderData: keepPreviousData,
  });
  const whole = useMemo(() => data && chartOf(data, subscribed), [data, subscribed]);
  const kinds = new Set(whole?.strands.map((strand) => strand.simulated));
  const simulated = kinds.size === 2 ? kind === "simulated" : kinds.has(true);
  const chart = useMemo(() => whole && ofKind(whole, simulated), [whole, simulated]);
  return (
    <Panel
      title="Over time"
      aside={
        <div className="not-printed flex flex-wrap items-center gap-2">
          <Select
            aria-label="Parts of the chart"
            value={by}
            onChange={(event) => setBy(event.target.value as SeriesBy)}
          >
            {CUTS.map((cut) => (
              <option key={cut} value={cut}>
                {`By ${SERIES_BY[cut].toLowerCase()}`}
              </option>
            ))}
          </Select>
          {kinds.size === 2 && <Choice label="Calls" options={KINDS} value={kind} onChange={setKind} />}
          <Choice label="What is counted" options={UNITS} value={unit} onChange={setUnit} />
        </div>
      }
    >
      {error !== null && <ProblemNote error={error} retry={refetch} className="mx-4 mb-4" />}
      {chart === undefined || data === undefined ? (
        error === null && <Loading what="usage over time" lines={6} />
      ) : chart.strands.length === 0 ? (
        <p className="px-4 pb-4 text-muted">
          No call was made in {PERIODS[data.period].span}: there is nothing to draw.
        </p>
      ) : (
        <div
          aria-busy={isPlaceholderData}
          className={`space-y-3 px-4 pb-4 transition-opacity ${isPlaceholderData ? "opacity-60" : ""}`}
        >
          <Drawing chart={chart} unit={unit} title={titleOf(data, unit)} />
          <Legend chart={chart} unit={unit} />
          <SeriesTable chart={chart} unit={unit} title={titleOf(data, unit)} />
          {data.period === "month" && <p className="text-muted text-xs">Days are those of UTC.</p>}
        </div>
      )}
    </Panel>
  );
}

function titleOf({ by, period }: { by: SeriesBy; period: Period }, unit: Unit): string {
  const counted = unit === "tokens" ? "Tokens" : "Dollars";
  return `${counted} by ${SERIES_BY[by].toLowerCase()} in ${PERIODS[period].span}`;
}

function Drawing({ chart, unit, title }: { chart: Chart; unit: Unit; title: string }) {
  const known = chart.columns.some((column) =>
    [...column.parts.values()].some((spend) => shownValue(spend, unit) !== undefined),
  );
  if (!known) {
    return (
      <p className="rounded-lg bg-warn-soft px-3 py-2">
        {unit === "tokens"
          ? "No call said how many tokens it took. That is not zero: it is unknown."
          : "No call has a known price. That is not zero: give the models a price in models.yaml."}
      </p>
    );
  }
  const marked = chart.columns.some((column) => unknownCalls(column, unit) > 0);
  return (
    <>
      <div className="h-64 print:break-inside-avoid sm:h-72">
        <Suspense fallback={<Loading what="the chart" lines={6} />}>
          <StackedBars chart={chart} unit={unit} title={title} />
        </Suspense>
      </div>
      {marked && (
        <p className="text-muted">
          <span className="font-semibold text-warn">?</span>{" "}
          {unit === "tokens"
            ? "marks times with calls that did not say what they took: the bar is the least."
            : "marks times with calls of unknown usage or without a known price: the bar is the least."}
        </p>
      )}
    </>
  );
}
