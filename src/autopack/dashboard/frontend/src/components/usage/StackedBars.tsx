import { useId } from "react";
import {
  Bar,
  BarChart,
  CartesianGrid,
  ReferenceDot,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { Dollars, Tokens } from "../../ui/SpendText";
import { count, fully, tokens, usd } from "../../words/format";
import { Swatch } from "./Legend";
import { type Chart, type Column, heightOf, isNotional, shownValue, type Unit, unknownCalls } from "./series";

type Props = { chart: Chart; unit: Unit; title: string };

/** A stack for each stretch of time; striped where nobody was charged. */
export default function StackedBars({ chart, unit, title }: Props) {
  const patterns = useId();
  const rows = [...chart.columns];
  return (
    <ResponsiveContainer width="100%" height="100%">
      <BarChart
        data={rows}
        title={title}
        barCategoryGap="18%"
        margin={{ top: 18, right: 16, bottom: 0, left: 0 }}
        className="[&_.recharts-surface:focus-visible]:outline-2 [&_.recharts-surface:focus-visible]:outline-accent"
      >
        <defs>
          {chart.strands
            .filter((strand) => isNotional(strand, unit))
            .map(({ key, colour }) => (
              <pattern
                key={key}
                id={`${patterns}${key}`}
                width={6}
                height={6}
                patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)"
              >
                <rect width={6} height={6} fill="var(--surface)" />
                <rect width={3} height={6} fill={colour} />
              </pattern>
            ))}
        </defs>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="start"
          tickFormatter={(start: string) => rows.find((row) => row.start === start)?.label ?? ""}
          tick={{ fill: "var(--muted)", fontSize: 12 }}
          stroke="var(--edge)"
          tickLine={false}
          interval="equidistantPreserveStart"
          minTickGap={16}
        />
        <YAxis
          tickFormatter={(value: number) => (unit === "tokens" ? tokens(value) : usd(String(value)))}
          tick={{ fill: "var(--muted)", fontSize: 12 }}
          stroke="var(--edge)"
          tickLine={false}
          axisLine={false}
          width={56}
          tickCount={6}
        />
        <Tooltip
          cursor={{ fill: "var(--sunken)" }}
          isAnimationActive={false}
          content={({ active, label }) => {
            const column = active ? rows.find((row) => row.start === label) : undefined;
            return column === undefined ? null : <Told chart={chart} column={column} unit={unit} />;
          }}
        />
        {chart.strands.map((strand) => (
          <Bar
            key={strand.key}
            name={strand.name}
            dataKey={(column: Column) => shownValue(column.parts.get(strand.key), unit)}
            stackId="all"
            fill={isNotional(strand, unit) ? `url(#${patterns}${strand.key})` : strand.colour}
            stroke={isNotional(strand, unit) ? strand.colour : "none"}
            isAnimationActive={false}
            maxBarSize={56}
          />
        ))}
        {rows
          .filter((column) => unknownCalls(column, unit) > 0)
          .map((column) => (
            <ReferenceDot
              key={column.start}
              x={column.start}
              y={heightOf(column, unit)}
              r={0}
              label={{ value: "?", position: "top", fill: "var(--warn)", fontSize: 14, fontWeight: 600 }}
            />
          ))}
      </BarChart>
    </ResponsiveContainer>
  );
}

/** What a column is made of, at the pointer or, by the arrow keys, at the one that is looked at. */
function Told({ chart, column, unit }: { chart: Chart; column: Column; unit: Unit }) {
  const unknown = unknownCalls(column, unit);
  return (
    <div className="max-w-80 space-y-1 rounded-lg border border-line bg-surface p-2.5 text-ink shadow-float">
      <p className="font-medium">{fully(column.start).replace(/:\d\d (?=\D)/, " ")}</p>
      {column.parts.size === 0 && <p className="text-muted">No calls</p>}
      {chart.strands.map((strand) => {
        const spend = column.parts.get(strand.key);
        if (spend === undefined) return null;
        return (
          <p key={strand.key} className="flex items-baseline gap-2">
            <Swatch strand={strand} unit={unit} />
            <span className="min-w-0 wrap-anywhere">
              {strand.name}
              {strand.simulated && " (simulated)"}
            </span>
            <span className="ml-auto whitespace-nowrap">
              {unit === "tokens" ? (
                <Tokens spend={spend} />
              ) : (
                <Dollars spend={spend} listPrice={strand.listPrice} />
              )}
            </span>
          </p>
        );
      })}
      {unknown > 0 && (
        <p className="text-warn">
          {unit === "tokens"
            ? `${count(unknown, "call")} of unknown usage`
            : `${count(unknown, "call")} of unknown cost`}
        </p>
      )}
    </div>
  );
}
