import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { useMemo, useState } from "react";
import { type Change, diffOptions } from "../../api/runs";
import { Button } from "../../ui/Button";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { Scrollable } from "../../ui/Scrollable";
import { count, whole } from "../../words/format";
import { visible } from "../../words/visible";

const FIRST = 400;

/** What an attempt changed, as a diff; of a long one its beginning first. */
export function Diff({ change }: { change: Change }) {
  const { data, error, isPending, refetch } = useQuery(diffOptions(change));
  const [all, setAll] = useState(false);
  const lines = useMemo(() => (data ?? "").replace(/\n$/, "").split("\n"), [data]);
  if (isPending) return <Loading what="the change" />;
  if (data === undefined) return <ProblemNote error={error} retry={refetch} />;
  if (data === "") return <p className="text-muted">It changed nothing.</p>;
  const shown = all ? lines : lines.slice(0, FIRST);
  return (
    <>
      <Scrollable
        label="The change"
        className="max-h-[32rem] rounded-md border border-line bg-canvas print:max-h-none"
      >
        <pre className="w-max min-w-full py-1 font-mono text-xs leading-5 print:w-auto print:whitespace-pre-wrap">
          {shown.map((line, number) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line of a diff is its place
            <span key={number} className={clsx("block px-2", look(line))}>
              {visible(line) || " "}
            </span>
          ))}
        </pre>
      </Scrollable>
      {shown.length < lines.length && (
        <Button className="mt-2" onClick={() => setAll(true)}>
          {`Show all ${count(lines.length, "line")}: ${whole(lines.length - shown.length)} more`}
        </Button>
      )}
    </>
  );
}

function look(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---")) return "text-muted";
  if (line.startsWith("+")) return "bg-good-soft text-good";
  if (line.startsWith("-")) return "bg-bad-soft text-bad";
  if (line.startsWith("@@")) return "text-accent";
  if (line.startsWith("diff ")) return "mt-2 font-semibold";
  return "";
}
