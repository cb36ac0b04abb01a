import type { Spend } from "../../api/runs";
import { Scrollable } from "../../ui/Scrollable";
import { Dollars, Tokens } from "../../ui/SpendText";
import { fully } from "../../words/format";
import type { Chart, Unit } from "./series";

/** The chart in numbers. Closed on the page, open on paper. */
export function SeriesTable({ chart, unit, title }: { chart: Chart; unit: Unit; title: string }) {
  const columns = chart.columns.filter((column) => column.parts.size > 0);
  return (
    <details className="print:[&::details-content]:[block-size:auto] print:[&::details-content]:[content-visibility:visible]">
      <summary className="inline-flex items-center rounded-md text-accent underline pointer-coarse:min-h-11">
        As a table
      </summary>
      <Scrollable label={`${title}, as a table`}>
        <table className="mt-2 w-full text-left print:text-[0.6rem]">
          <caption className="sr-only">{title}. Times without a call are left out.</caption>
          <thead className="text-muted">
            <tr>
              <th scope="col" className="py-1 pr-3 font-medium">
                From
              </th>
              {chart.strands.map((strand) => (
                <th
                  key={strand.key}
                  scope="col"
                  className="min-w-20 max-w-48 px-3 print:min-w-0 print:px-1 py-1 text-right font-medium wrap-anywhere"
                >
                  {strand.name}
                  {strand.simulated && " (simulated)"}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => (
              <tr key={column.start} className="border-line border-t">
                <th scope="row" className="py-1 pr-3 font-normal whitespace-nowrap">
                  <time dateTime={column.start} title={fully(column.start)}>
                    {column.label}
                  </time>
                </th>
                {chart.strands.map((strand) => (
                  <td key={strand.key} className="px-3 py-1 text-right whitespace-nowrap print:px-1">
                    <Figure spend={column.parts.get(strand.key)} unit={unit} listPrice={strand.listPrice} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrollable>
    </details>
  );
}

type FigureProps = { spend: Spend | undefined; unit: Unit; listPrice: boolean };

function Figure({ spend, unit, listPrice }: FigureProps) {
  if (spend === undefined) return <span className="text-muted">–</span>;
  if (unit === "usd") return <Dollars spend={spend} listPrice={listPrice} />;
  return <Tokens spend={spend} unit={false} />;
}
