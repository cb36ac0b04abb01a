import { CircleQuestionMark, Pencil, Pin, Undo2 } from "lucide-react";
import { createContext, useContext } from "react";
import type { Mapping, ModelChoice } from "../../api/models";
import { Button } from "../../ui/Button";
import { cellName } from "./cells";
import { ModelSelect } from "./ModelSelect";
import type { Shown } from "./ScopeSwitch";

export type Ask =
  | { what: "change"; row: Mapping; model: string }
  | { what: "reset"; row: Mapping }
  | { what: "why"; row: Mapping };

type Cells = {
  choices: readonly ModelChoice[];
  shown: Shown;
  /** Whether the shown run's own models can still be changed. */
  runOpen: boolean;
  ask(ask: Ask): void;
};

/** What every cell of the mapping needs alike. */
export const CellContext = createContext<Cells>({
  choices: [],
  shown: "new",
  runOpen: false,
  ask: () => undefined,
});

/** One cell: its model, whose it is, and what can be asked about it. */
export function ModelCell({ row }: { row: Mapping }) {
  const { choices, shown, runOpen, ask } = useContext(CellContext);
  const name = cellName(row);
  const resettable = row.scope === "run" ? runOpen : row.overridden && shown === "new";
  return (
    <div className="min-w-0">
      <ModelSelect
        aria-label={`Model: ${name}`}
        title={row.model}
        className="w-full px-1! text-[0.8125rem]"
        choices={choices}
        value={row.model}
        onChoose={(model) => ask({ what: "change", row, model })}
      />
      <div className="flex min-h-7 flex-wrap items-center justify-between">
        <Scope row={row} />
        <span className="not-printed ml-auto flex">
          {resettable && (
            <Button
              kind="quiet"
              icon={<Undo2 />}
              iconOnly
              title="Reset"
              className="min-h-7! min-w-7! px-1! pointer-coarse:min-h-11! pointer-coarse:min-w-11!"
              onClick={() => ask({ what: "reset", row })}
            >
              {`Reset: ${name}`}
            </Button>
          )}
          <Button
            kind="quiet"
            icon={<CircleQuestionMark />}
            iconOnly
            title="Why would it get this model now?"
            className="min-h-7! min-w-7! px-1! text-muted! pointer-coarse:min-h-11! pointer-coarse:min-w-11!"
            onClick={() => ask({ what: "why", row })}
          >
            {`Why this model: ${name}`}
          </Button>
        </span>
      </div>
    </div>
  );
}

const SOURCES: Record<Mapping["source"], string> = {
  run_override: "Set for this run only.",
  category_complexity: "models.yaml names a model for exactly this cell.",
  category: "As models.yaml has it for the whole category.",
  complexity: "As models.yaml has it for the complexity.",
  agent: "As models.yaml has it for this helper.",
};

function Scope({ row }: { row: Mapping }) {
  if (row.scope === "run") {
    return (
      <Mark title={SOURCES.run_override} icon={<Pin />} className="font-medium text-run">
        This run
      </Mark>
    );
  }
  if (row.overridden) {
    const title =
      row.source === "agent"
        ? "models.yaml has another model here than it ships with."
        : SOURCES.category_complexity;
    return (
      <Mark title={title} icon={<Pencil />} className="font-medium text-accent">
        Set here
      </Mark>
    );
  }
  return <Mark title={SOURCES[row.source]}>Global</Mark>;
}

type MarkProps = { title: string; icon?: React.ReactNode; className?: string; children: string };

function Mark({ title, icon, className = "text-muted", children }: MarkProps) {
  return (
    <span title={title} className={`flex items-center gap-1 px-1 text-xs whitespace-nowrap ${className}`}>
      {icon !== undefined && (
        <span aria-hidden className="shrink-0 [&>svg]:size-3">
          {icon}
        </span>
      )}
      {children}
    </span>
  );
}
