import clsx from "clsx";
import { Dollars, explained, Tokens } from "../../ui/SpendText";
import { type Chart, isNotional, type Strand, type Unit } from "./series";

/** What each colour of the chart is, with what it sums to. */
export function Legend({ chart, unit }: { chart: Chart; unit: Unit }) {
  return (
    <ul
      aria-label="Legend, with sums"
      className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,17rem),1fr))] gap-x-6 gap-y-1"
    >
      {chart.strands.map((strand) => (
        <li
          key={strand.key}
          className="flex items-baseline gap-2"
          title={explained(strand.whole, strand.listPrice)}
        >
          <Swatch strand={strand} unit={unit} />
          <span className="min-w-0 wrap-anywhere">
            {strand.name}
            {strand.simulated && <span className="text-muted"> (simulated)</span>}
          </span>
          <span className="ml-auto whitespace-nowrap">
            {unit === "tokens" ? (
              <Tokens spend={strand.whole} />
            ) : (
              <Dollars spend={strand.whole} listPrice={strand.listPrice} />
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The colour of a strand; striped where nobody was charged. */
export function Swatch({ strand, unit }: { strand: Strand; unit: Unit }) {
  const striped = isNotional(strand, unit);
  return (
    <span
      aria-hidden
      className={clsx(
        "inline-block size-3 shrink-0 translate-y-0.5 rounded-xs border border-current [print-color-adjust:exact]",
        striped && "striped",
      )}
      style={{ color: strand.colour, ...(striped ? {} : { backgroundColor: strand.colour }) }}
    />
  );
}
