import type { ReactNode } from "react";

/** Something that may be wider than the page, and is then moved by itself: by touch, wheel or arrow keys. */
export function Scrollable({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what can be scrolled has to be reached by keyboard
    <section aria-label={label} tabIndex={0} className="overflow-x-auto -outline-offset-2">
      {children}
    </section>
  );
}
