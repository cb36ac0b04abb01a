import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

/** Something that one should know, and that stops nothing. */
export function Notice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div role="status" className="flex gap-2.5 rounded-lg border border-warn/40 bg-warn-soft p-3">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
      <div className="min-w-0 space-y-1">
        <p className="font-medium wrap-anywhere">{title}</p>
        {children}
      </div>
    </div>
  );
}
