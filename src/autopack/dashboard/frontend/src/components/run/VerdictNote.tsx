import type { Schemas } from "../../api/client";
import { Badge } from "../../ui/Badge";
import { visible } from "../../words/visible";

/** The Auditor's verdict, and each thing it found. */
export function VerdictNote({ verdict }: { verdict: Schemas["Verdict"] }) {
  const approved = verdict.decision === "approve";
  return (
    <div className="space-y-1.5">
      <p className="wrap-anywhere">
        <Badge tone={approved ? "good" : "bad"} className="mr-1.5">
          {approved ? "approved" : "rejected"}
        </Badge>
        {visible(verdict.summary)}
      </p>
      {verdict.issues.length > 0 && (
        <ul className="space-y-1.5">
          {verdict.issues.map((issue, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a verdict never changes
            <li key={place} className="wrap-anywhere">
              <Badge tone={issue.severity === "major" ? "bad" : "neutral"}>{issue.severity}</Badge>{" "}
              {issue.file !== "" && (
                <code className="font-mono text-xs">
                  {visible(issue.file)}
                  {issue.line !== null && `:${issue.line}`}
                </code>
              )}{" "}
              {visible(issue.text)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
