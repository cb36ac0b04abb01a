import clsx from "clsx";
import type { Tone } from "../words/states";

const FILLED: Record<Tone, string> = {
  neutral: "bg-edge",
  run: "bg-run",
  good: "bg-good",
  warn: "bg-warn",
  bad: "bg-bad",
  wait: "bg-wait",
};

type Props = {
  /** 0 to 1; more is shown as full. */
  value: number;
  label: string;
  /** How it is said: `12 of 20 phases`. */
  text: string;
  tone?: Tone;
  className?: string;
};

/** How far something is. */
export function Bar({ value, label, text, tone = "run", className }: Props) {
  const filled = Math.min(1, Math.max(0, value)) * 100;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(filled)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={text}
      className={clsx("h-2 overflow-hidden rounded-full bg-sunken ring-1 ring-line ring-inset", className)}
    >
      <div
        className={clsx("h-full rounded-full transition-[width] duration-500", FILLED[tone])}
        style={{ width: `${filled}%` }}
      />
    </div>
  );
}
