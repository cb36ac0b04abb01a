import { useQuery } from "@tanstack/react-query";
import { type PhaseDetail, phaseOptions } from "../../api/runs";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { count } from "../../words/format";
import { visible } from "../../words/visible";
import { AttemptDetails } from "./AttemptDetails";

/** All about a phase: its attempts, the newest open, and the notes that its prompts carried. */
export function PhaseDetails({ run, phase }: { run: string; phase: number }) {
  const { data, error, isPending, refetch } = useQuery(phaseOptions(run, phase));
  if (isPending) return <Loading what="the phase" />;
  if (data === undefined) return <ProblemNote error={error} retry={refetch} />;
  const attempts = data.phase.attempts.toReversed();
  return (
    <div className="space-y-3">
      {attempts.length === 0 && (
        <p className="px-1 text-muted">
          Not begun yet. It may have {count(data.phase.attempts_allowed, "attempt")}.
        </p>
      )}
      {attempts.map((attempt, place) => (
        <AttemptDetails
          key={attempt.number}
          run={run}
          phase={phase}
          attempt={attempt}
          allowed={data.phase.attempts_allowed}
          outputs={data.outputs.filter((output) => output.attempt === attempt.number)}
          newest={place === 0}
        />
      ))}
      <NotesReceived notes={data.notes} />
    </div>
  );
}

function NotesReceived({ notes }: { notes: PhaseDetail["notes"] }) {
  if (notes.length === 0) return null;
  return (
    <section aria-label="Notes received" className="px-1">
      <h4 className="font-medium">Notes and lessons that its prompts carried</h4>
      <ul className="mt-1 space-y-1">
        {notes.map((note) => (
          <li key={`${note.note_id} ${note.attempt} ${note.role}`} className="wrap-anywhere">
            <span className="text-muted">
              {note.lesson && "Lesson accepted by "}
              {note.author ?? "someone"}, to the {note.role} of attempt {note.attempt}:
            </span>{" "}
            {note.text === null ? (
              <em className="text-muted">taken out of the file since</em>
            ) : (
              visible(note.text)
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
