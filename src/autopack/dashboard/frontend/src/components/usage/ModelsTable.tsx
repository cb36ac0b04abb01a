import { ArrowDown, ArrowUp, ArrowUpDown } from "lucide-react";
import { useState } from "react";
import type { Usage } from "../../api/usage";
import { Panel } from "../../ui/Panel";
import { Scrollable } from "../../ui/Scrollable";
import { Dollars } from "../../ui/SpendText";
import { share, tokens, whole } from "../../words/format";
import { type Column, type Order, type ModelRow as Row, rowsOf, sorted } from "./models";
import { PERIODS } from "./words";

const COLUMNS: { column: Column; label: string; numeric: boolean }[] = [
  { column: "model", label: "Model", numeric: false },
  { column: "provider", label: "Provider", numeric: false },
  { column: "prompt", label: "Tokens in", numeric: true },
  { column: "completion", label: "Tokens out", numeric: true },
  { column: "cost", label: "Cost", numeric: true },
  { column: "share", label: "Share", numeric: true },
];

type Props = { usage: Usage; subscribed: ReadonlySet<string> };

/** What each model took, real and simulated ones apart. */
export function ModelsTable({ usage, subscribed }: Props) {
  const [order, setOrder] = useState<Order>({ column: "share", descending: true });
  const span = PERIODS[usage.period as keyof typeof PERIODS]?.span ?? "all time";
  const rows = sorted(rowsOf(usage.models), order);
  const groups = [
    { title: "Real", rows: rows.filter((row) => !row.simulated) },
    { title: "Simulated: a script answered, nobody was charged", rows: rows.filter((row) => row.simulated) },
  ].filter((group) => group.rows.length > 0);
  const sort = (column: Column, numeric: boolean) =>
    setOrder((before) => ({
      column,
      descending: before.column === column ? !before.descending : numeric,
    }));
  return (
    <Panel title="Models">
      <Scrollable label="Models, the table">
        <table className="w-full text-left text-[0.7rem] sm:text-sm">
          <caption className="sr-only">
            Tokens and cost of each model in {span}. The headings sort; real and simulated calls stay apart.
          </caption>
          <thead>
            <tr>
              {COLUMNS.map(({ column, label, numeric }) => {
                const by = order.column === column;
                return (
                  <th
                    key={column}
                    scope="col"
                    aria-sort={by ? (order.descending ? "descending" : "ascending") : undefined}
                    className={column === "provider" ? "hidden sm:table-cell" : undefined}
                  >
                    <button
                      type="button"
                      onClick={() => sort(column, numeric)}
                      className={`flex min-h-9 w-full items-center gap-0.5 rounded-md px-1 font-medium sm:px-3 text-muted hover:bg-sunken hover:text-ink pointer-coarse:min-h-11 [&>svg]:size-3 sm:[&>svg]:size-3.5 [&>svg]:shrink-0 ${numeric ? "justify-end text-right" : column === "model" ? "pl-3 text-left sm:pl-4" : "text-left"}`}
                    >
                      {label}
                      {!by ? (
                        <ArrowUpDown aria-hidden className="hidden opacity-50 sm:block" />
                      ) : order.descending ? (
                        <ArrowDown aria-hidden />
                      ) : (
                        <ArrowUp aria-hidden />
                      )}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          {groups.map((group) => (
            <tbody key={group.title}>
              <tr>
                <th
                  scope="rowgroup"
                  colSpan={COLUMNS.length}
                  className="border-line border-t bg-canvas px-3 py-1 sm:px-4 font-medium text-muted text-xs"
                >
                  {group.title}
                </th>
              </tr>
              {group.rows.map((row) => (
                <ModelRow key={row.key} row={row} listPrice={subscribed.has(row.model)} />
              ))}
            </tbody>
          ))}
        </table>
      </Scrollable>
    </Panel>
  );
}

function ModelRow({ row, listPrice }: { row: Row; listPrice: boolean }) {
  const cell = "px-1 py-1.5 text-right align-top sm:px-3 sm:whitespace-nowrap";
  return (
    <tr className={`border-line border-t ${row.simulated ? "text-muted italic" : ""}`}>
      <th
        scope="row"
        className="min-w-18 py-1.5 pr-1 pl-3 font-medium text-xs sm:text-sm wrap-anywhere sm:pr-3 sm:pl-4"
      >
        {row.model}
        <span className="block font-normal text-muted sm:hidden">{row.provider}</span>
      </th>
      <td className="hidden px-3 py-1.5 align-top sm:table-cell">{row.provider}</td>
      <td className={cell}>
        <Tokens row={row} value={row.spend.prompt_tokens} />
      </td>
      <td className={cell}>
        <Tokens row={row} value={row.spend.completion_tokens} />
      </td>
      <td className={cell}>
        <Dollars spend={row.spend} listPrice={listPrice} />
      </td>
      <td className={`${cell} pr-2`}>{row.share === null ? "–" : share(row.share)}</td>
    </tr>
  );
}

/** Tokens of one kind: at least so many, where a call did not say. */
function Tokens({ row, value }: { row: Row; value: number }) {
  const { calls, unknown_calls } = row.spend;
  if (calls === unknown_calls) return <span className="text-warn">unknown</span>;
  return (
    <span title={whole(value)} className="whitespace-nowrap">
      {unknown_calls > 0 && "≥ "}
      {tokens(value)}
    </span>
  );
}
