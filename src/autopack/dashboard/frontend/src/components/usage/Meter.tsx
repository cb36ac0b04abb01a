import clsx from "clsx";
import { share } from "../../words/format";

const FILLED = { good: "bg-good", warn: "bg-warn", bad: "bg-bad" };
const STRIPED = { good: "text-good", warn: "text-warn", bad: "text-bad" };

/** Percent of a cap, each. */
type Props = {
  label: string;
  tone: keyof typeof FILLED;
  spent: number;
  reserved: number;
  /** Where use leads to at its rate, with what is spent. */
  projected: number;
  softLimit: number;
  keptFree: number;
};

type Part = { name: string; percent: number; look: string };

/** A bar of a cap: spent, reserved and projected parts, the soft limit, and what is kept free at its end. */
export function Meter({ label, tone, spent, reserved, projected, softLimit, keptFree }: Props) {
  const taken = spent + reserved;
  const parts: Part[] = [
    { name: "spent", percent: spent, look: FILLED[tone] },
    { name: "reserved", percent: reserved, look: `striped ${STRIPED[tone]}` },
    { name: "projected", percent: projected, look: "border-y-2 border-r-2 border-edge border-dashed" },
    { name: "kept free", percent: keptFree, look: "border-wait border-l-2 bg-wait-soft" },
  ];
  const [spentPart, reservedPart, projectedPart, freePart] = parts as [Part, Part, Part, Part];
  const shown = parts.filter((part) =>
    part === projectedPart ? projected > taken : part.percent > 0 || part === spentPart,
  );
  const limit = softLimit < 100;
  return (
    <div className="space-y-1 [print-color-adjust:exact]">
      <meter
        aria-label={label}
        aria-valuetext={shown.map(({ name, percent }) => `${share(percent)} ${name}`).join(", ")}
        min={0}
        max={100}
        value={clamped(spent)}
        className="sr-only"
      />
      <div aria-hidden className="relative h-3.5">
        <div className="absolute inset-0 overflow-hidden rounded-full bg-sunken">
          <Stretch from={100 - clamped(keptFree)} to={100} look={freePart.look} />
          <Stretch from={taken} to={projected} look={projectedPart.look} />
          <Stretch from={spent} to={taken} look={reservedPart.look} />
          <Stretch from={0} to={spent} look={spentPart.look} />
        </div>
        <div className="absolute inset-0 rounded-full ring-1 ring-edge ring-inset" />
        {limit && <Mark at={softLimit} />}
      </div>
      <ul className="flex flex-wrap gap-x-3 gap-y-0.5 text-muted text-xs">
        {shown.map(({ name, percent, look }) => (
          <li key={name} className="flex items-center gap-1.5">
            <span aria-hidden className={clsx("inline-block h-2.5 w-3.5 rounded-xs", look)} />
            {share(percent)} {name}
          </li>
        ))}
        {limit && (
          <li className="flex items-center gap-1.5">
            <span aria-hidden className="inline-block h-3 w-0.5 bg-ink" />
            {share(softLimit)} soft limit
          </li>
        )}
      </ul>
    </div>
  );
}

function Stretch({ from, to, look }: { from: number; to: number; look: string }) {
  const [left, right] = [clamped(from), clamped(to)];
  if (right <= left) return null;
  return (
    <div
      className={clsx("absolute inset-y-0", look)}
      style={{ left: `${left}%`, width: `${right - left}%` }}
    />
  );
}

function Mark({ at }: { at: number }) {
  return <div className="absolute -inset-y-0.5 w-0.5 bg-ink" style={{ left: `${clamped(at)}%` }} />;
}

function clamped(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
