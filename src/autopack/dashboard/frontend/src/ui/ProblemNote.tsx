import { CircleAlert, RotateCw } from "lucide-react";
import { ApiError, Unreachable } from "../api/client";
import { visible } from "../words/visible";
import { Button } from "./Button";

type Props = { error: unknown; retry?: (() => unknown) | undefined; className?: string };

/** What went wrong, why, and what to do: in the service's own words where it said some. */
export function ProblemNote({ error, retry, className = "" }: Props) {
  const known = error instanceof ApiError || error instanceof Unreachable;
  const message = known ? error.message : "The page itself failed.";
  const hint = known ? error.hint : "This is a defect. Loading the page anew may help.";
  return (
    <div
      role="alert"
      className={`flex gap-2.5 rounded-lg border border-bad/40 bg-bad-soft p-3 text-ink ${className}`}
    >
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="min-w-0 space-y-1">
        <p className="whitespace-pre-line font-medium wrap-anywhere">{visible(message)}</p>
        {hint !== "" && <p className="wrap-anywhere">{visible(hint)}</p>}
        {retry !== undefined && (
          <Button icon={<RotateCw />} onClick={() => void retry()}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}
