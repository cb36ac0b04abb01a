import type { ReactNode } from "react";

/** Something that may be wider than the page, and is then moved by itself: by touch, wheel or arrow keys. */
export function Scrollable({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled has to be reached by keyboard
      tabIndex={0}
      className="-outline-offset-2 overflow-x-auto print:overflow-visible"
    >
      {children}
    </section>
  );
}
