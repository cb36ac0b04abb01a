import { Pin, ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Mapping } from "../../api/models";
import { Badge } from "../../ui/Badge";
import { Fold } from "../../ui/Fold";
import { count } from "../../words/format";
import { agentName, type Category, type Pair, rowsOf } from "./cells";
import { ModelCell } from "./ModelCell";

const HEAD = "pb-1 text-left font-medium text-muted text-xs";

/** A category: for each complexity who builds and who audits. */
export function CategoryCells({ category, startsOpen }: { category: Category; startsOpen: boolean }) {
  const planned = Object.values(category.phases).reduce((sum, one) => sum + one, 0);
  const ofRun = rowsOf(category).filter((row) => row.scope === "run").length;
  return (
    <Fold
      look="row"
      startsOpen={startsOpen}
      summary={(open) => (
        <Heading title={category.name} gist={open ? null : gist(category)}>
          {planned > 0 && (
            <Badge title="Phases of this run's plan that are of this category">
              {count(planned, "phase")}
            </Badge>
          )}
          {category.failFast && (
            <Badge tone="wait" icon={<ShieldAlert />} title={FAIL_FAST}>
              Fail-fast
            </Badge>
          )}
          {ofRun > 0 && (
            <Badge tone="run" icon={<Pin />} title="Cells that have a model for this run only">
              {`${ofRun} for this run`}
            </Badge>
          )}
        </Heading>
      )}
    >
      {() => (
        <>
          {category.failFast && (
            <p className="mb-2 rounded-md bg-wait-soft px-2 py-1.5 text-wait text-xs">{FAIL_FAST}</p>
          )}
          <table className="w-full table-fixed border-spacing-0">
            <caption className="sr-only">Models for {category.name}</caption>
            <thead>
              <tr>
                <th scope="col" className={`${HEAD} hidden w-16 @sm:table-cell`}>
                  <span className="sr-only">Complexity</span>
                </th>
                <th scope="col" className={`${HEAD} px-1`}>
                  Builder
                </th>
                <th scope="col" className={`${HEAD} px-1`}>
                  Auditor
                </th>
              </tr>
            </thead>
            {category.pairs.map((pair) => (
              <Complexity key={pair.complexity} pair={pair} planned={category.phases[pair.complexity] ?? 0} />
            ))}
          </table>
        </>
      )}
    </Fold>
  );
}

type HeadingProps = { title: string; gist: string | null; children?: ReactNode };

/** What a part is called, with its marks; closed, it says its gist. */
function Heading({ title, gist, children }: HeadingProps) {
  return (
    <span className="min-w-0 grow">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="font-medium wrap-anywhere">{title}</span>
        {children}
      </span>
      {gist !== null && <span className="block truncate text-muted text-xs">{gist}</span>}
    </span>
  );
}

/** One complexity: its name before the cells or, where it is narrow, above them. */
function Complexity({ pair, planned }: { pair: Pair; planned: number }) {
  const phases = planned > 0 && <span className="text-muted text-xs">{count(planned, "phase")}</span>;
  return (
    <tbody>
      <tr className="@sm:hidden">
        <th scope="rowgroup" colSpan={2} className="px-1 pt-1 text-left font-normal">
          {pair.complexity} {phases}
        </th>
      </tr>
      <tr className="align-top">
        <th scope="row" className="hidden pt-1.5 pr-1 text-left font-normal @sm:table-cell">
          <span className="block">{pair.complexity}</span>
          {phases}
        </th>
        <td className="px-1">{pair.builder !== undefined && <ModelCell row={pair.builder} />}</td>
        <td className="px-1">{pair.auditor !== undefined && <ModelCell row={pair.auditor} />}</td>
      </tr>
    </tbody>
  );
}

const FAIL_FAST =
  "Fail-fast: where a mistake is expensive. When the model's quota is short, the run waits or stops; the work never goes to another model.";

function gist(category: Category): string {
  const builders = new Set(category.pairs.flatMap((pair) => pair.builder?.model ?? []));
  return `Built by ${[...builders].join(", ")}`;
}

/** The helpers beside the phases: one row for each. */
export function HelperCells({ rows }: { rows: readonly Mapping[] }) {
  return (
    <Fold
      look="row"
      summary={(open) => (
        <Heading title="Helpers" gist={open ? null : rows.map((row) => agentName(row.role)).join(", ")} />
      )}
    >
      {() => (
        <table className="w-full table-fixed">
          <caption className="mb-2 text-left text-muted text-xs">
            Agents beside the phases. They have one model for all categories.
          </caption>
          <thead>
            <tr>
              <th scope="col" className={`${HEAD} w-28`}>
                Helper
              </th>
              <th scope="col" className={`${HEAD} px-1`}>
                Model
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.role} className="align-top">
                <th scope="row" className="pt-1.5 pr-1 text-left font-normal wrap-anywhere">
                  {agentName(row.role)}
                </th>
                <td className="px-1">
                  <ModelCell row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Fold>
  );
}
