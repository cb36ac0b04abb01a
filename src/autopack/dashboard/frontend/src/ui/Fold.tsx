import clsx from "clsx";
import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";

const LOOKS = {
  /** A line of text that opens, within other text. */
  link: {
    whole: "",
    summary: "w-fit items-center gap-1 py-1 text-accent pointer-coarse:min-h-11",
    mark: "size-3.5",
    inside: "",
  },
  /** One of several parts below each other, over the whole width. */
  row: {
    whole: "border-line border-t",
    summary: "min-h-11 items-start gap-1.5 px-3 py-2 -outline-offset-2! hover:bg-sunken",
    mark: "mt-0.5 size-4 text-muted",
    inside: "@container px-3 pb-3",
  },
  /** A part that stands by itself. */
  card: {
    whole: "rounded-lg border border-line bg-surface",
    summary: "flex-wrap items-center gap-x-2.5 gap-y-1 px-3 py-2 pointer-coarse:min-h-11",
    mark: "size-4 text-muted",
    inside: "border-line border-t px-3 py-3",
  },
};

type Props = {
  look?: keyof typeof LOOKS;
  summary: ReactNode | ((open: boolean) => ReactNode);
  startsOpen?: boolean;
  children(): ReactNode;
};

/** A part that opens. What is in it is built, and asked for, only then. */
export function Fold({ look = "link", summary, startsOpen = false, children }: Props) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? startsOpen;
  const looks = LOOKS[look];
  return (
    <details
      open={open}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open !== open) setChosen(currentTarget.open);
      }}
      className={looks.whole}
    >
      <summary className={clsx("flex [&::-webkit-details-marker]:hidden", looks.summary)}>
        <ChevronRight
          aria-hidden
          className={clsx("shrink-0 transition-transform", looks.mark, open && "rotate-90")}
        />
        {typeof summary === "function" ? summary(open) : summary}
      </summary>
      {open && <div className={looks.inside}>{children()}</div>}
    </details>
  );
}
