import { CircleAlert } from "lucide-react";
import { ApiError } from "../../api/client";
import { ProblemNote } from "../../ui/ProblemNote";
import { problemLines } from "./look";

/** Why a plan can't be used: of a broken file each problem with its line. */
export function PlanProblems({ error }: { error: unknown }) {
  const { file, lines } = problemLines(error instanceof ApiError ? error.message : "");
  if (!(error instanceof ApiError) || lines.length < 2) return <ProblemNote error={error} />;
  return (
    <div role="alert" className="space-y-2 rounded-lg border border-bad/40 bg-bad-soft p-3">
      <p className="flex gap-2.5 font-medium wrap-anywhere">
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
        <span>
          {`${lines.length} problems`}
          {file !== null && <span className="font-normal">{` in ${file}`}</span>}
        </span>
      </p>
      <ul className="divide-y divide-bad/20">
        {lines.map(({ line, text }) => (
          <li key={`${line} ${text}`} className="flex flex-wrap gap-x-3 py-1.5 sm:flex-nowrap">
            {line !== null && <span className="w-16 shrink-0 text-muted">{`Line ${line}`}</span>}
            <span className="min-w-0 wrap-anywhere">{text}</span>
          </li>
        ))}
      </ul>
      {error.hint !== "" && <p className="wrap-anywhere">{error.hint}</p>}
    </div>
  );
}
