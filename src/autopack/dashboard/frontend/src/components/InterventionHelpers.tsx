import type { Run } from "../api/runs";
import { Panel } from "../ui/Panel";
import { ContextBlock } from "./notes/ContextBlock";
import { NoteBox } from "./notes/NoteBox";
import { NoteList } from "./notes/NoteList";

/** Say something to a run, see whom it was told, and take its context elsewhere. */
export function InterventionHelpers({ run }: { run: Run }) {
  return (
    <Panel title="Notes and context">
      <div key={run.run_id} className="space-y-5 px-4 pb-4">
        <NoteBox run={run} />
        <NoteList run={run} />
        <ContextBlock run={run.run_id} />
      </div>
    </Panel>
  );
}
