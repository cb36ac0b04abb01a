import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { choicesOptions } from "../../api/models";
import type { Pool } from "../../api/usage";

/**
 * The models whose calls a subscription pays for: their dollars are list prices. By the policy as it is now;
 * the sums of a period say nothing of quotas where they are cut by model.
 */
export function useSubscribed(pools: readonly Pool[]): ReadonlySet<string> {
  const subscriptions = pools.filter((pool) => pool.billing === "subscription").map((pool) => pool.pool);
  const choices = useQuery({ ...choicesOptions, enabled: subscriptions.length > 0 });
  const named = subscriptions.join("\n");
  return useMemo(() => {
    const paying = new Set(named.split("\n"));
    const models = choices.data?.models ?? [];
    return new Set(models.filter((one) => paying.has(one.pool)).map((one) => one.model));
  }, [choices.data, named]);
}
