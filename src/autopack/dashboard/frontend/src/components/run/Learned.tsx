import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import {
  type Decision,
  type Lesson,
  type Postmortem,
  postmortemOptions,
  useDecideLesson,
} from "../../api/lessons";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Loading } from "../../ui/Loading";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/ProblemNote";
import { Scrollable } from "../../ui/Scrollable";
import { Dollars, Tokens } from "../../ui/SpendText";
import { visible } from "../../words/visible";

/** What a run that has ended taught: an account, lessons to decide about, and what each phase cost. */
export function Learned({ run }: { run: string }) {
  const { data, error, isPending, refetch } = useQuery(postmortemOptions(run));
  if (data?.state === "none") return null;
  return (
    <Panel title="What was learned" aside={data?.simulated && <Badge>simulated</Badge>}>
      <div className="space-y-4 px-4 pb-4">
        {data !== undefined ? (
          <Account run={run} learned={data} />
        ) : isPending ? (
          <Loading what="what was learned" />
        ) : (
          <ProblemNote error={error} retry={refetch} />
        )}
      </div>
    </Panel>
  );
}

function Account({ run, learned }: { run: string; learned: Postmortem }) {
  return (
    <>
      {learned.state === "writing" && <p className="text-muted">It is being written.</p>}
      {learned.state === "not_made" && (
        <div className="space-y-1">
          <p className="wrap-anywhere">{`It was not written: ${visible(learned.reason)}.`}</p>
          <p className="text-muted wrap-anywhere">
            <code>{`autopack postmortem ${run}`}</code> has it written.
          </p>
        </div>
      )}
      {learned.state === "made" && (
        <>
          <Words title="Built" text={learned.built} />
          <Words title="Failed" text={learned.failed} />
          <Lessons run={run} lessons={learned.lessons} />
        </>
      )}
      <Costs learned={learned} />
    </>
  );
}

function Words({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <h3 className="font-semibold">{title}</h3>
      <p className="whitespace-pre-wrap wrap-anywhere">{visible(text)}</p>
    </div>
  );
}

function Lessons({ run, lessons }: { run: string; lessons: readonly Lesson[] }) {
  const decide = useDecideLesson(run);
  const heading = useId();
  return (
    <div className="space-y-2">
      <h3 id={heading} className="font-semibold">
        Lessons
      </h3>
      {lessons.length === 0 && <p className="text-muted">None.</p>}
      {decide.error !== null && <ProblemNote error={decide.error} />}
      <ol aria-labelledby={heading} className="space-y-3">
        {lessons.map((lesson) => (
          <Item
            key={lesson.id}
            lesson={lesson}
            decide={(decision) => decide.mutate({ lesson: lesson.id, decision })}
          />
        ))}
      </ol>
    </div>
  );
}

type Deciding = { lesson: Lesson; decide(decision: Decision): void };

/** Both buttons stay, whatever is decided: the focus too, and neither comes to lie below a second click. */
function Item({ lesson, decide }: Deciding) {
  const text = useId();
  const { state } = lesson;
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
      <p
        id={text}
        className={`min-w-0 flex-1 basis-64 wrap-anywhere ${state === "dismissed" ? "text-muted" : ""}`}
      >
        {visible(lesson.text)} {state !== "proposed" && <Badge>{state}</Badge>}
      </p>
      <div className="not-printed flex gap-1">
        <Button
          aria-describedby={text}
          aria-pressed={state === "accepted"}
          onClick={() => decide("accepted")}
        >
          Accept
        </Button>
        <Button
          kind="quiet"
          aria-describedby={text}
          aria-pressed={state === "dismissed"}
          onClick={() => decide("dismissed")}
        >
          Dismiss
        </Button>
      </div>
    </li>
  );
}

function Costs({ learned }: { learned: Postmortem }) {
  const rows = [
    ...learned.phases.map((one) => ({ key: one.id, name: visible(one.name), usage: one.usage })),
    ...learned.beside.map((one) => ({
      key: `beside ${one.role} ${one.model} ${one.simulated}`,
      name: one.role,
      usage: one.booked.usage,
    })),
  ];
  if (rows.length === 0) return null;
  return (
    <Scrollable label="Cost by phase">
      <table className="w-full text-left">
        <caption className="pb-1 text-left font-semibold">Cost by phase</caption>
        <thead className="text-muted text-xs">
          <tr className="border-line border-b">
            <th scope="col" className="py-1 font-medium">
              Phase
            </th>
            <th scope="col" className="py-1 pl-3 text-right font-medium">
              Tokens
            </th>
            <th scope="col" className="py-1 pl-3 text-right font-medium">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, usage }) => (
            <tr key={key} className="border-line border-b last:border-0">
              <th scope="row" className="py-1 font-normal wrap-anywhere">
                {name}
              </th>
              <td className="py-1 pl-3 text-right whitespace-nowrap">
                <Tokens spend={usage} unit={false} />
              </td>
              <td className="py-1 pl-3 text-right whitespace-nowrap">
                <Dollars spend={usage} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrollable>
  );
}
