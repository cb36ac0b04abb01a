import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Spend } from "../api/runs";
import { spend } from "../testing/fixtures";
import { NOTHING } from "../testing/runFixtures";
import { explained, SpendText } from "./SpendText";

it.each<[string, Partial<Spend>, boolean, string]>([
  ["what was reported", {}, false, "24.1k tokens · $0.1234"],
  ["nothing at all", NOTHING, false, "no calls · –"],
  ["what no call said", { ...NOTHING, calls: 1, unknown_calls: 1 }, false, "tokens unknown · cost unknown"],
  ["what some calls did not say", { unknown_calls: 1 }, false, "≥ 24.1k tokens · ≥ $0.1234"],
  ["tokens without a price", { cost_usd: null, unpriced_calls: 4 }, false, "24.1k tokens · no price"],
  ["tokens of which some have no price", { unpriced_calls: 1 }, false, "24.1k tokens · ≥ $0.1234"],
  ["what a script answered", { simulated: true }, false, "24.1k tokens · ~$0.1234 sim."],
  ["what a subscription pays", {}, true, "24.1k tokens · ~$0.1234"],
  ["a call that was free", { cost_usd: "0" }, false, "24.1k tokens · $0"],
])("writes %s", (_, changes, listPrice, text) => {
  const { container } = render(<SpendText spend={spend(changes)} listPrice={listPrice} />);
  expect(container.textContent).toBe(text);
});

it("explains each mark in a sentence", () => {
  const text = explained(
    spend({ unknown_calls: 1, unknown_tokens: 9_000, unpriced_calls: 2, simulated: true }),
  );
  expect(text).toBe(
    "4 calls; 20,000 tokens in (9,000 from cache), 4,100 out. 1 call ended without saying what it took: at most 9,000 tokens more. 2 calls of a model without a known price. Answered by a script: dollars are list prices, nobody was charged.",
  );
});
