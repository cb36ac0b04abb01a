import { Check, Clock } from "lucide-react";
import { useId, useState } from "react";
import { Link } from "wouter";
import type { Note, Receipt } from "../../api/notes";
import { paths } from "../../paths";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { clock, count, fully } from "../../words/format";
import { visible } from "../../words/visible";

const LATEST = 3;
const LONG_CHARS = 320;
const LONG_LINES = 6;

type Props = { note: Note; runEnded: boolean; onWithdraw(): void };

/** A note: who, when, what, and which prompts carried it. */
export function NoteItem({ note, runEnded, onWithdraw }: Props) {
  const text = useId();
  const [whole, setWhole] = useState(false);
  const long = note.text.length > LONG_CHARS || note.text.split("\n").length > LONG_LINES;
  return (
    <li className="space-y-1.5 py-2.5 first:pt-0">
      <div className="flex items-center justify-between gap-2">
        <p className="flex min-w-0 flex-wrap items-center gap-x-1.5 gap-y-1 text-muted">
          <span className="font-medium text-ink wrap-anywhere">{visible(note.author)}</span>
          {note.created_at !== null && (
            <time dateTime={note.created_at} title={fully(note.created_at)}>
              {clock(note.created_at)}
            </time>
          )}
          <Badge>{note.run_id === null ? "every run" : "this run"}</Badge>
        </p>
        <Button
          kind="quiet"
          className="not-printed -my-1 -mr-2.5 text-muted"
          aria-describedby={text}
          onClick={onWithdraw}
        >
          Withdraw
        </Button>
      </div>
      <p id={text} className={`whitespace-pre-wrap wrap-anywhere ${long && !whole ? "line-clamp-4" : ""}`}>
        {visible(note.text)}
      </p>
      {long && (
        <Button
          kind="quiet"
          className="-ml-2.5 text-accent"
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? "Show less" : "Show all of it"}
        </Button>
      )}
      <Receipts receipts={note.receipts} runEnded={runEnded} />
    </li>
  );
}

function Receipts({ receipts, runEnded }: { receipts: readonly Receipt[]; runEnded: boolean }) {
  const [all, setAll] = useState(false);
  if (receipts.length === 0) {
    return (
      <p className="flex items-center gap-1.5 text-muted">
        <Clock aria-hidden className="size-3.5 shrink-0" />
        {runEnded ? "not delivered: the run has ended" : "not delivered yet"}
      </p>
    );
  }
  const newest = receipts.toReversed();
  const hidden = receipts.length - LATEST;
  return (
    <div>
      <ul aria-label="Receipts" className={all ? "max-h-48 space-y-0.5 overflow-y-auto" : "space-y-0.5"}>
        {(all ? newest : newest.slice(0, LATEST)).map((one) => (
          <li
            key={`${one.run_id} ${one.phase_index} ${one.attempt} ${one.role}`}
            className="flex items-start gap-1.5"
            title={fully(one.delivered_at)}
          >
            <Check aria-hidden className="mt-0.5 size-3.5 shrink-0 text-good" />
            <span>
              delivered to{" "}
              <Link
                href={paths.phase(one.run_id, one.phase_index)}
                className="rounded text-accent underline underline-offset-2"
              >
                {`phase ${one.phase_index}, attempt ${one.attempt}`}
              </Link>
              {` · ${one.role}`}
            </span>
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <Button kind="quiet" className="-ml-2.5 text-accent" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Show the latest only" : `Show ${count(hidden, "earlier delivery", "earlier deliveries")}`}
        </Button>
      )}
    </div>
  );
}
