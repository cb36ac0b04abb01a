import clsx from "clsx";
import {
  Ban,
  ChevronRight,
  CircleCheck,
  CircleDashed,
  CircleX,
  LoaderCircle,
  SkipForward,
} from "lucide-react";
import { useId } from "react";
import type { PhaseOutline } from "../../api/runs";
import { SpendText } from "../../ui/SpendText";
import { count, words } from "../../words/format";
import { visible } from "../../words/visible";
import type { Axis } from "./axis";
import { PhaseDetails } from "./PhaseDetails";
import { Track } from "./Track";

const ICONS: Record<string, { icon: typeof Ban; look: string }> = {
  pending: { icon: CircleDashed, look: "text-muted" },
  completed: { icon: CircleCheck, look: "text-good" },
  failed: { icon: CircleX, look: "text-bad" },
  skipped: { icon: SkipForward, look: "text-muted" },
  cancelled: { icon: Ban, look: "text-muted" },
};
const AT_WORK = { icon: LoaderCircle, look: "text-run" };

type Props = {
  run: string;
  phase: PhaseOutline;
  axis: Axis;
  open: boolean;
  /** Somebody drives the run: only then does what is at work turn. */
  driven: boolean;
  onToggle(phase: number, isOpen: boolean): void;
};

/** One phase: its state, when it was worked at and what it cost; it opens to its attempts. */
export function PhaseRow({ run, phase, axis, open, driven, onToggle }: Props) {
  const { icon: Icon, look } = ICONS[phase.state] ?? AT_WORK;
  const turns = driven && Icon === LoaderCircle;
  const details = useId();
  const quiet = phase.state === "pending" || phase.state === "skipped" || phase.state === "cancelled";
  return (
    <>
      <button
        type="button"
        data-state={phase.state}
        aria-expanded={open}
        aria-controls={open ? details : undefined}
        onClick={() => onToggle(phase.index, open)}
        className={clsx(
          "grid w-full grid-cols-[1.25rem_minmax(0,1fr)_1rem] items-center gap-x-2.5 gap-y-1 px-4 py-2 text-left",
          "hover:bg-canvas focus-visible:-outline-offset-2 pointer-coarse:min-h-11",
          "sm:grid-cols-[1.25rem_minmax(9rem,5fr)_minmax(6rem,6fr)_12rem_1rem]",
          open && "bg-canvas",
        )}
      >
        <Icon
          aria-hidden
          className={clsx("size-5", look, turns && "animate-spin motion-reduce:animate-none")}
        />
        <span className="min-w-0">
          <span className={clsx("block truncate font-medium", quiet && "text-muted")}>
            <span className="text-muted tabular-nums">{phase.index}</span> {visible(phase.name)}
          </span>
          <span className="block truncate text-muted text-xs">
            <span className={clsx(!quiet && "font-medium")}>{words(phase.state)}</span>
            {" · "}
            {visible(words(phase.category))} · {phase.complexity}
            {phase.attempts.length > 1 && ` · ${count(phase.attempts.length, "attempt")}`}
            {!phase.verified && " · no checks"}
          </span>
        </span>
        <Track
          phase={phase}
          axis={axis}
          className="col-span-2 col-start-2 row-start-2 sm:col-span-1 sm:col-start-3 sm:row-start-1"
        />
        <span className="col-span-2 col-start-2 row-start-3 text-xs empty:hidden sm:col-span-1 sm:col-start-4 sm:row-start-1 sm:text-right">
          {phase.usage.calls > 0 && <SpendText spend={phase.usage} />}
        </span>
        <ChevronRight
          aria-hidden
          className={clsx(
            "col-start-3 row-start-1 size-4 text-muted transition-transform sm:col-start-5",
            open && "rotate-90",
          )}
        />
      </button>
      {open && (
        <div id={details} className="border-line border-t bg-canvas px-2 py-3 sm:px-4">
          <PhaseDetails run={run} phase={phase.index} />
        </div>
      )}
    </>
  );
}
