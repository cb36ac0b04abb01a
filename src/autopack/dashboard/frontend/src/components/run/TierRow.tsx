import type { Outline } from "../../api/runs";
import { SpendText } from "../../ui/SpendText";
import { visible } from "../../words/visible";

/** The heading of a tier: how much of it is done, and what it cost. */
export function TierRow({ tier }: { tier: Outline["tiers"][number] }) {
  return (
    <div className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 bg-canvas px-4 py-2">
      <h3 className="min-w-0 font-semibold wrap-anywhere">
        Tier {tier.index} · {visible(tier.name)}
      </h3>
      <p className="text-muted text-xs">
        {tier.completed} of {tier.phases.length} done
        {tier.usage.calls > 0 && (
          <>
            {" · "}
            <SpendText spend={tier.usage} />
          </>
        )}
      </p>
    </div>
  );
}
