import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { type Note, notesOptions, useWithdrawNote } from "../../api/notes";
import type { Run } from "../../api/runs";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { useToast } from "../../ui/Toasts";
import { whole } from "../../words/format";
import { hasEnded } from "../../words/states";
import { NoteItem } from "./NoteItem";

/** The newest notes that are in force for a run, and which prompts carried them. */
export function NoteList({ run }: { run: Run }) {
  const notes = useQuery(notesOptions(run.run_id));
  const [withdrawing, setWithdrawing] = useState<Note | null>(null);
  const top = useRef<HTMLHeadingElement>(null);
  const heading = useId();
  const list = notes.data;

  // Its button is gone with the note; before the dialog is closed nothing behind it takes the focus.
  const withdrawn = useRef(false);
  useEffect(() => {
    if (withdrawing !== null || !withdrawn.current) return;
    withdrawn.current = false;
    top.current?.focus();
  }, [withdrawing]);

  return (
    <section aria-labelledby={heading} className="space-y-2">
      <h3 id={heading} ref={top} tabIndex={-1} className="font-semibold outline-none">
        Latest notes
      </h3>
      {notes.isPending && <Loading what="the notes" />}
      {notes.isError && (
        <>
          {list !== undefined && <p className="text-muted">What follows may be old.</p>}
          <ProblemNote error={notes.error} retry={notes.refetch} />
        </>
      )}
      {list !== undefined && list.unread_bytes > 0 && (
        <p className="rounded-lg bg-warn-soft p-2.5">
          The file of notes is too long: its last {whole(list.unread_bytes)} bytes are in no prompt, and
          nothing can be added. Delete what no longer counts, in an editor.
        </p>
      )}
      {list?.notes.length === 0 && list.unread_bytes === 0 && (
        <p className="text-muted">None yet. What you leave here is in the prompts of later attempts.</p>
      )}
      {list !== undefined && list.notes.length > 0 && (
        <ul className="divide-y divide-line">
          {list.notes.map((note) => (
            <NoteItem
              key={note.id}
              note={note}
              runEnded={hasEnded(run.state)}
              onWithdraw={() => setWithdrawing(note)}
            />
          ))}
        </ul>
      )}
      {list !== undefined && list.total > list.notes.length && (
        <p className="text-muted">
          {`The newest ${whole(list.notes.length)} of ${whole(list.total)}. All are in `}
          <code className="font-mono text-xs wrap-anywhere">{`${list.project}/.autopack/human_notes.md`}</code>
        </p>
      )}
      {withdrawing !== null && (
        <Withdraw
          note={withdrawing}
          onClose={() => setWithdrawing(null)}
          onDone={() => {
            withdrawn.current = true;
            setWithdrawing(null);
          }}
        />
      )}
    </section>
  );
}

function Withdraw({ note, onClose, onDone }: { note: Note; onClose(): void; onDone(): void }) {
  const withdraw = useWithdrawNote();
  const say = useToast();
  return (
    <Dialog
      title="Withdraw this note?"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button
            kind="danger"
            busy={withdraw.isPending}
            onClick={() =>
              withdraw.mutate(note.id, {
                onSuccess: () => {
                  onDone();
                  say("Note withdrawn");
                },
              })
            }
          >
            Withdraw it
          </Button>
        </>
      }
    >
      <div className="space-y-2">
        <blockquote className="line-clamp-6 border-edge border-l-2 pl-3 whitespace-pre-wrap wrap-anywhere">
          {note.text}
        </blockquote>
        <p>
          It is taken out of the file,{" "}
          {note.run_id === null ? "for every run of the project" : "for this run"}. No attempt that begins
          later carries it; one that began with it keeps it.
        </p>
        {withdraw.isError && <ProblemNote error={withdraw.error} />}
      </div>
    </Dialog>
  );
}
