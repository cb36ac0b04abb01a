import type { Usage } from "../../api/usage";
import { Bar } from "../../ui/Bar";
import { Panel } from "../../ui/Panel";
import { SpendText } from "../../ui/SpendText";
import { count, share } from "../../words/format";
import { roleClassName } from "./words";

/** What went into the work itself, and what into the helpers beside it. */
export function RoleClasses({ usage }: { usage: Usage }) {
  const whole = (simulated: boolean) =>
    usage.role_classes
      .filter((one) => one.simulated === simulated)
      .reduce((sum, one) => sum + one.usage.tokens, 0);
  const hasHelpers = usage.role_classes.some((one) => one.role_class === "aux");
  return (
    <Panel title="Core and helpers">
      <ul className="space-y-3 px-4 pb-4">
        {usage.role_classes.map(({ role_class, simulated, usage: spend }) => {
          const all = whole(simulated);
          const part = all === 0 ? null : (spend.tokens / all) * 100;
          const name = `${roleClassName(role_class)}${simulated ? ", simulated" : ""}`;
          const said = part === null ? "share unknown" : `${share(part)} of tokens`;
          return (
            <li key={name} className="space-y-1">
              <div className="flex flex-wrap justify-between gap-x-3">
                <span className="font-medium">{name}</span>
                <SpendText spend={spend} />
              </div>
              {part !== null && <Bar value={part / 100} label={name} text={said} />}
              <p className="text-muted text-xs">
                {said} · {count(spend.calls, "call")}
              </p>
            </li>
          );
        })}
        {!hasHelpers && <li className="text-muted">No helper was called.</li>}
      </ul>
    </Panel>
  );
}
