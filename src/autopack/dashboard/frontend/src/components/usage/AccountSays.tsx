import type { Pool } from "../../api/usage";
import { Bar } from "../../ui/Bar";
import { clock, fully, share } from "../../words/format";
import { capTone } from "../../words/states";
import { at } from "./forecast";

/** What the account behind a quota says of its own windows, with what is used beside Autopack. */
export function AccountSays({ pool, now }: { pool: Pool; now: string }) {
  return (
    <div className="space-y-1.5 border-line border-t pt-2.5">
      <h4 className="font-medium">The account itself says</h4>
      <ul className="space-y-2">
        {pool.account.map(({ agent, window, percent, resets_at, told_at }) => (
          <li key={`${agent} ${window}`} className="space-y-1">
            <p className="flex flex-wrap justify-between gap-x-2">
              <span>{agent === pool.pool ? window : `${agent}, ${window}`}</span>
              <span>{share(percent)} used</span>
            </p>
            <Bar
              value={percent / 100}
              label={`Account of ${agent}: ${window}`}
              text={`${share(percent)} used`}
              tone={capTone(percent)}
            />
            <p className="text-muted">
              <span title={fully(resets_at)}>Resets {at(resets_at, now)}.</span>{" "}
              <span title={fully(told_at)}>Told {clock(told_at, new Date(now))}.</span>
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
