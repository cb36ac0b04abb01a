import clsx from "clsx";
import type { ReactNode } from "react";

type Props = { label: string; className?: string; children: ReactNode };

/** Something that may be larger than its place, and is then moved by itself: by touch, wheel or arrow keys. */
export function Scrollable({ label, className, children }: Props) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
    <div
      role="group"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled has to be reached by keyboard
      tabIndex={0}
      className={clsx("-outline-offset-2 overflow-auto print:overflow-visible", className)}
    >
      {children}
    </div>
  );
}
