import { ArrowRight, TriangleAlert } from "lucide-react";
import { useId, useState } from "react";
import { type Mapping, type ModelChoice, type Override, useOverride } from "../../api/models";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ProblemNote } from "../../ui/ProblemNote";
import { useToast } from "../../ui/Toasts";
import { cellName } from "./cells";
import { ModelSelect } from "./ModelSelect";

type Props = {
  row: Mapping;
  model: string;
  choices: readonly ModelChoice[];
  /** The model of the other role in the same work. */
  other: Mapping | undefined;
  /** The run that may have it for itself; null: none is shown, or it is over. */
  run: string | null;
  onClose(): void;
};

/** Asks for whom a cell is to have another model: for one run, or for all that come. */
export function ChangeDialog({ row, model: chosen, choices, other, run, onClose }: Props) {
  const [model, setModel] = useState(chosen);
  const override = useOverride();
  const say = useToast();
  const name = cellName(row);
  const apply = (scope: Override["scope"]) => {
    const { role, category, complexity } = row;
    override.mutate(
      { role, category, complexity, model, scope, run_id: scope === "run" ? run : null },
      {
        onSuccess: (answer) => {
          const where = scope === "run" ? "This run" : "New runs";
          const text = answer.changed
            ? `${where}: ${name} is now ${model}`
            : `${where}: it was ${model} already`;
          say(text, answer.notices.join(" "));
          onClose();
        },
      },
    );
  };
  const pending = override.isPending ? override.variables.scope : null;
  return (
    <Dialog title="Change the model?" onClose={onClose} actions={<Button onClick={onClose}>Cancel</Button>}>
      <div className="space-y-3">
        <div className="space-y-1">
          <p className="font-medium first-letter:uppercase">{name}</p>
          <p className="flex flex-wrap items-center gap-2">
            <span className="text-muted wrap-anywhere">{row.model}</span>
            <ArrowRight aria-label="becomes" className="size-4 shrink-0 text-muted" />
            <ModelSelect
              aria-label="New model"
              choices={choices}
              value={model}
              onChoose={setModel}
              disabled={override.isPending}
            />
          </p>
        </div>
        <Cautions row={row} model={model} choices={choices} other={other} />
        {run !== null && (
          <Way
            title="Apply for this run only"
            primary
            busy={pending === "run"}
            disabled={override.isPending}
            onChoose={() => apply("run")}
          >
            For phases that begin later. The one in hand keeps its models.
          </Way>
        )}
        <Way
          title="Apply as global default"
          primary={run === null}
          busy={pending === "global"}
          disabled={override.isPending}
          onChoose={() => apply("global")}
        >
          Changes models.yaml, for runs created later. Runs that are there already keep theirs.
        </Way>
        {override.isError && <ProblemNote error={override.error} />}
      </div>
    </Dialog>
  );
}

type WayProps = {
  title: string;
  primary: boolean;
  busy: boolean;
  disabled: boolean;
  onChoose(): void;
  children: string;
};

function Way({ title, primary, busy, disabled, onChoose, children }: WayProps) {
  const explanation = useId();
  return (
    <div className="space-y-1 rounded-lg border border-line p-3">
      <Button
        kind={primary ? "primary" : "plain"}
        busy={busy}
        disabled={disabled}
        onClick={onChoose}
        aria-describedby={explanation}
        className="w-full"
      >
        {title}
      </Button>
      <p id={explanation} className="text-muted">
        {children}
      </p>
    </div>
  );
}

/** What speaks against a model: no key, no price, or the other role's family. */
function Cautions({ row, model, choices, other }: Pick<Props, "row" | "model" | "choices" | "other">) {
  const choice = choices.find((one) => one.model === model);
  const family = choices.find((one) => one.model === other?.model)?.family;
  const said: string[] = [];
  if (choice?.key_set === false) {
    said.push(
      `The key of ${choice.provider} is not set where Autopack runs. A run stops when it comes to it.`,
    );
  }
  if (choice?.priced === false) said.push("No price of it is known, so its cost will be unknown.");
  if (choice !== undefined && choice.family === family) {
    said.push(
      `The ${row.role === "builder" ? "Auditor" : "Builder"} here is of the same family, ${family}. Two families see more than one.`,
    );
  }
  if (said.length === 0) return null;
  return (
    <ul className="space-y-1 rounded-lg bg-warn-soft p-2.5">
      {said.map((text) => (
        <li key={text} className="flex gap-2">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
          {text}
        </li>
      ))}
    </ul>
  );
}
