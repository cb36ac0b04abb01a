import type { Outline } from "../../api/runs";

/** What the bars of the timeline mean. */
export function Legend({ waits }: { waits: Outline["waits"] }) {
  const entries = [
    ["bg-run", "building"],
    ["bg-run/60", "verifying"],
    ["bg-audit", "auditing"],
    ["bg-good", "committed"],
    ["bg-bad", "not accepted"],
    ...(waits.length > 0 ? [["striped text-wait", "waiting"]] : []),
  ] as const;
  return (
    <ul aria-label="What the bars mean" className="flex flex-wrap gap-x-3 gap-y-1 text-muted text-xs">
      {entries.map(([look, what]) => (
        <li key={what} className="flex items-center gap-1.5">
          <span aria-hidden className={`h-2.5 w-4 rounded-sm ${look}`} />
          {what}
        </li>
      ))}
    </ul>
  );
}
