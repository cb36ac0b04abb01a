import { Panel } from "../../ui/Panel";

const NOTIONAL = "text-muted italic";
const MARKS = [
  ["12.4k, $0.12", "", "As the provider reported it."],
  ["≥", "", "At least: some calls did not say what they took, or have no known price."],
  ["unknown", "text-warn", "No call said what it took. That is not zero."],
  ["no price", "text-warn", "Tokens are known, what they cost is not."],
  ["~", NOTIONAL, "A list price that nobody was charged: a script answered, or a subscription pays."],
  ["sim.", NOTIONAL, "A script answered instead of a model."],
] as const;

/** What the marks beside figures stand for. */
export function Marks() {
  return (
    <Panel title="How to read figures">
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 px-4 pb-4">
        {MARKS.map(([mark, look, meaning]) => (
          <div key={mark} className="contents">
            <dt className={`font-medium ${look}`}>{mark}</dt>
            <dd className="text-muted">{meaning}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
