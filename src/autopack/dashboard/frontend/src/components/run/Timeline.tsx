import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { LocateFixed } from "lucide-react";
import {
  type CSSProperties,
  memo,
  type ReactNode,
  type RefObject,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { useLocation } from "wouter";
import type { Outline, PhaseOutline, Run } from "../../api/runs";
import { useNow } from "../../live/useNow";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Notice } from "../../ui/Notice";
import { count } from "../../words/format";
import { hasEnded } from "../../words/states";
import { type Axis, axisOf } from "./axis";
import { Legend } from "./Legend";
import { PhaseRow } from "./PhaseRow";
import { TierRow } from "./TierRow";

type Tier = Outline["tiers"][number];
type Row = { kind: "tier"; tier: Tier } | { kind: "phase"; phase: PhaseOutline };

/** Up to so many rows all are drawn: then the browser's own search and print find each. */
const WHOLE = 150;
const TIER_HEIGHT = 40;
const PHASE_HEIGHT = 45;

type Props = { run: Run; outline: Outline; open: number | null };

/** Tiers, phases and attempts from top to bottom, and when each was worked at from left to right. */
export function Timeline({ run, outline, open }: Props) {
  const [, go] = useLocation();
  const rows = useMemo(() => rowsOf(outline), [outline]);
  const axis = useAxis(run, outline, rows.length);
  const list = useRef<HTMLOListElement>(null);
  const printing = usePrinting();
  const toggle = useMemo(
    () => (phase: number, isOpen: boolean) =>
      go(isOpen ? paths.run(run.run_id) : paths.phase(run.run_id, phase), { replace: true }),
    [go, run.run_id],
  );
  const drawn = (row: Row) => (
    <Drawn row={row} axis={axis} run={run.run_id} open={open} driven={run.driven} onToggle={toggle} />
  );
  const current = run.current_phase_index;
  return (
    <div>
      <div className="flex flex-wrap items-center justify-between gap-2 px-4 pb-2">
        <Legend waits={outline.waits} />
        {current !== null && current !== open && (
          <Button kind="quiet" icon={<LocateFixed />} onClick={() => go(paths.phase(run.run_id, current))}>
            Current phase
          </Button>
        )}
      </div>
      {open !== null && !rows.some((row) => isPhase(row, open)) && (
        <div className="px-4 pb-3">
          <Notice
            title={`This run has no ${Number.isInteger(open) ? `phase ${open}` : "such phase"}: its plan has ${count(run.total_phases, "phase")}.`}
          >
            <Button onClick={() => go(paths.run(run.run_id), { replace: true })}>Show the run</Button>
          </Notice>
        </div>
      )}
      {rows.length <= WHOLE || printing ? (
        <All rows={rows} list={list} drawn={drawn} open={open} />
      ) : (
        <Seen rows={rows} list={list} drawn={drawn} open={open} />
      )}
    </div>
  );
}

const Drawn = memo(function Drawn(props: {
  row: Row;
  axis: Axis;
  run: string;
  open: number | null;
  driven: boolean;
  onToggle(phase: number, isOpen: boolean): void;
}) {
  const { row, axis, run, open, driven, onToggle } = props;
  if (row.kind === "tier") return <TierRow tier={row.tier} />;
  return (
    <PhaseRow
      run={run}
      phase={row.phase}
      axis={axis}
      open={row.phase.index === open}
      driven={driven}
      onToggle={onToggle}
    />
  );
});

type ListProps = {
  rows: readonly Row[];
  list: RefObject<HTMLOListElement | null>;
  drawn(row: Row): ReactNode;
  open: number | null;
};

function All({ rows, list, drawn, open }: ListProps) {
  const shown = useRef<number | null>(null);
  useEffect(() => {
    if (open !== null && shown.current !== open) {
      list.current?.querySelector(`[data-phase="${open}"]`)?.scrollIntoView({ block: "nearest" });
    }
    shown.current = open;
  }, [open, list]);
  return (
    <ol ref={list} className="overflow-clip rounded-b-xl border-line border-t">
      {rows.map((row) => (
        <li key={keyOf(row)} {...phaseOf(row)} className="border-line border-b last:border-0">
          {drawn(row)}
        </li>
      ))}
    </ol>
  );
}

/** Of thousands of rows only those in sight are in the document; each says its place in the whole. */
function Seen({ rows, list, drawn, open }: ListProps) {
  const [margin, setMargin] = useState(0);
  useEffect(() => {
    const measure = () => {
      if (list.current) setMargin(list.current.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [list]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (index) => (rows[index]?.kind === "tier" ? TIER_HEIGHT : PHASE_HEIGHT),
    getItemKey: (index) => (rows[index] === undefined ? index : keyOf(rows[index])),
    overscan: 8,
    scrollMargin: margin,
  });
  const wanted = rows.findIndex((row) => isPhase(row, open));
  const first = useRef(true);
  useEffect(() => {
    const { startIndex, endIndex } = virtual.range ?? { startIndex: 0, endIndex: 0 };
    const inSight = !first.current && startIndex < wanted && wanted < endIndex;
    if (wanted >= 0 && !inSight) virtual.scrollToIndex(wanted, { align: "center" });
    first.current = false;
  }, [wanted, virtual]);
  return (
    <ol
      ref={list}
      className="relative overflow-clip rounded-b-xl border-line border-t"
      style={{ height: virtual.getTotalSize() }}
    >
      {virtual.getVirtualItems().map((item) => {
        const row = rows[item.index];
        const place: CSSProperties = { transform: `translateY(${item.start - margin}px)` };
        return (
          row && (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              aria-setsize={rows.length}
              aria-posinset={item.index + 1}
              {...phaseOf(row)}
              className="absolute inset-x-0 top-0 border-line border-b"
              style={place}
            >
              {drawn(row)}
            </li>
          )
        );
      })}
    </ol>
  );
}

function rowsOf(outline: Outline): Row[] {
  return outline.tiers.flatMap((tier): Row[] => [
    { kind: "tier", tier },
    ...tier.phases.map((phase): Row => ({ kind: "phase", phase })),
  ]);
}

function isPhase(row: Row, index: number | null): boolean {
  return row.kind === "phase" && row.phase.index === index;
}

function keyOf(row: Row): string {
  return row.kind === "tier" ? `tier ${row.tier.index}` : `phase ${row.phase.index}`;
}

function phaseOf(row: Row): { "data-phase"?: number } {
  return row.kind === "phase" ? { "data-phase": row.phase.index } : {};
}

/** From the start to the end or to now; with thousands of rows it grows in larger steps. */
function useAxis(run: Run, outline: Outline, rows: number): Axis {
  const runs = run.driven && !hasEnded(run.state);
  const now = useNow(runs, rows > WHOLE ? 10 : 2);
  const begin = run.started_at ?? run.created_at;
  const end = run.ended_at ?? now.toISOString();
  return useMemo(() => axisOf(begin, end, outline.waits), [begin, end, outline.waits]);
}

/** Whether the page is being printed: then every row is there. */
function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const begin = () => flushSync(() => setPrinting(true));
    const over = () => setPrinting(false);
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", over);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", over);
    };
  }, []);
  return printing;
}
