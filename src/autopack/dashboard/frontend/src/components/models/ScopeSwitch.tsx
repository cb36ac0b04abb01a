import { useId } from "react";

export type Shown = "run" | "new";

type Props = { shown: Shown; onShow(shown: Shown): void };

/** Which mapping is looked at: that of the run, or that of runs to come. */
export function ScopeSwitch({ shown, onShow }: Props) {
  const name = useId();
  const option = (value: Shown, label: string) => (
    <label className="relative flex min-h-7 cursor-pointer items-center rounded px-2.5 font-medium text-muted has-checked:bg-surface has-checked:text-ink has-checked:shadow-card has-checked:underline has-checked:decoration-2 has-checked:decoration-accent has-checked:underline-offset-4 has-focus-visible:outline-2 has-focus-visible:outline-accent pointer-coarse:min-h-11">
      <input
        type="radio"
        name={name}
        className="sr-only"
        checked={shown === value}
        onChange={() => onShow(value)}
      />
      {label}
    </label>
  );
  return (
    <fieldset className="flex rounded-md bg-sunken p-0.5">
      <legend className="sr-only">Models of</legend>
      {option("run", "This run")}
      {option("new", "New runs")}
    </fieldset>
  );
}
