import clsx from "clsx";
import { type ReactNode, useId } from "react";

type Props = { title: string; aside?: ReactNode; children: ReactNode; className?: string };

/** A part of the page under a heading of its own. */
export function Panel({ title, aside, children, className }: Props) {
  const heading = useId();
  return (
    <section
      aria-labelledby={heading}
      className={clsx("rounded-xl border border-line bg-surface shadow-card", className)}
    >
      <header className="flex min-h-12 flex-wrap items-center justify-between gap-x-3 gap-y-1 px-4 py-2">
        <h2 id={heading} className="font-semibold text-base">
          {title}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
