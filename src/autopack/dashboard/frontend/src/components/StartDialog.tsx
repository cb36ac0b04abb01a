import { Dialog } from "../ui/Dialog";

/** Start a run: which project and plan, and before it starts what it would do and cost. */
export function StartDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Start a run" onClose={onClose} wide>
      …
    </Dialog>
  );
}
