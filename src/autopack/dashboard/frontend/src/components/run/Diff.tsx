import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { useMemo, useState } from "react";
import { diffOptions } from "../../api/runs";
import { Button } from "../../ui/Button";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { count, whole } from "../../words/format";
import { visible } from "../../words/visible";
import { Folded } from "./AttemptDetails";

const FIRST = 400;

type Props = { run: string; phase: number; attempt: number };

/** What an attempt changed, asked for when it is opened. */
export function Diff({ run, phase, attempt }: Props) {
  return (
    <Folded summary="What it changed">
      <Lines run={run} phase={phase} attempt={attempt} />
    </Folded>
  );
}

function Lines({ run, phase, attempt }: Props) {
  const { data, error, isPending, refetch } = useQuery({
    ...diffOptions(run, phase, attempt),
    staleTime: Infinity,
  });
  const [all, setAll] = useState(false);
  const lines = useMemo(() => (data ?? "").replace(/\n$/, "").split("\n"), [data]);
  if (isPending) return <Loading what="the change" />;
  if (data === undefined) return <ProblemNote error={error} retry={refetch} />;
  if (data === "") return <p className="text-muted">It changed nothing.</p>;
  const shown = all ? lines : lines.slice(0, FIRST);
  return (
    <>
      <section
        aria-label="The change"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        tabIndex={0}
        className="max-h-[32rem] overflow-auto rounded-md border border-line bg-canvas"
      >
        <pre className="w-max min-w-full py-1 font-mono text-xs leading-5">
          {shown.map((line, number) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line of a diff is its place
            <span key={number} className={clsx("block px-2 whitespace-pre", look(line))}>
              {visible(line) || " "}
            </span>
          ))}
        </pre>
      </section>
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
