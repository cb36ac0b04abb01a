import { useId } from "react";

type Props = { accepted: boolean; disabled: boolean; onAccept(accepted: boolean): void };

/** Whether a project whose checks fail before anything was done may be worked on all the same. */
export function RedBaseline({ accepted, disabled, onAccept }: Props) {
  const explanation = useId();
  return (
    <div className="border-line border-t pt-3">
      <label className="flex items-center gap-2.5 font-medium pointer-coarse:min-h-11">
        <input
          type="checkbox"
          checked={accepted}
          disabled={disabled}
          aria-describedby={explanation}
          onChange={(event) => onAccept(event.target.checked)}
          className="size-4 shrink-0 accent-accent"
        />
        Start even if the checks fail already
      </label>
      <p id={explanation} className="ml-6.5 text-muted">
        A run first tries the plan's checks on the untouched commit. If they fail there, it ends before
        anything is spent. Ticked, it goes on, and each phase is held to the same checks.
      </p>
    </div>
  );
}
