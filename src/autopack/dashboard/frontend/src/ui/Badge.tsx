import clsx from "clsx";
import type { ReactNode } from "react";
import type { Tone } from "../words/states";

export const SOFT: Record<Tone, string> = {
  neutral: "bg-sunken text-muted",
  run: "bg-run-soft text-run",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  wait: "bg-wait-soft text-wait",
};

type Props = { tone?: Tone; icon?: ReactNode; children: ReactNode; title?: string; className?: string };

/** A word or two with a ground of their own. The words say it; the colour only repeats it. */
export function Badge({ tone = "neutral", icon, children, title, className }: Props) {
  return (
    <span
      title={title}
      className={clsx(
        "inline-flex max-w-full items-center gap-1 rounded-full px-2 py-0.5 font-medium text-xs",
        SOFT[tone],
        className,
      )}
    >
      {icon !== undefined && (
        <span aria-hidden className="[&>svg]:size-3.5">
          {icon}
        </span>
      )}
      <span className="truncate">{children}</span>
    </span>
  );
}
