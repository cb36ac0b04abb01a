import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";

type Props = { title: string; marks?: ReactNode; gist: string; startsOpen?: boolean; children(): ReactNode };

/** A part that opens; what is in it is built only then. Closed, it says its gist. */
export function Fold({ title, marks, gist, startsOpen = false, children }: Props) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? startsOpen;
  return (
    <details
      open={open}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open !== open) setChosen(currentTarget.open);
      }}
      className="border-line border-t"
    >
      <summary className="flex min-h-11 items-start gap-1.5 px-3 py-2 -outline-offset-2! hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <ChevronRight
          aria-hidden
          className={`mt-0.5 size-4 shrink-0 text-muted transition-transform ${open ? "rotate-90" : ""}`}
        />
        <span className="min-w-0 grow">
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium wrap-anywhere">{title}</span>
            {marks}
          </span>
          {!open && <span className="block truncate text-muted text-xs">{gist}</span>}
        </span>
      </summary>
      {open && <div className="@container px-3 pb-3">{children()}</div>}
    </details>
  );
}
