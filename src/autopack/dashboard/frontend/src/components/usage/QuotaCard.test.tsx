import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Pool, QuotaWindow } from "../../api/usage";
import { NOW, pool, quotaWindow } from "../../testing/usageFixtures";
import { QuotaCard } from "./QuotaCard";

function show(changes: Partial<QuotaWindow> = {}, ofPool: Partial<Pool> = {}) {
  render(<QuotaCard pool={pool({ windows: [quotaWindow(changes)], ...ofPool })} now={NOW} />);
  return screen.getByRole("region", { name: ofPool.pool ?? "anthropic" });
}

describe("a window with a cap", () => {
  it("says what is spent, reserved, projected and kept free of it", () => {
    const card = show();
    const meter = within(card).getByRole("meter", { name: "anthropic: Week, tokens" });
    expect(meter.getAttribute("value")).toBe("40");
    expect(meter.getAttribute("aria-valuetext")).toBe(
      "40 % spent, 5 % reserved, 53 % projected, 15 % kept free",
    );
    expect(card.textContent).toContain("80 % soft limit");
    expect(card.textContent).toContain("400.0k of 1.00M, Autopack's share of the account's 2.00M");
  });

  it.each([
    [79.9, "room left"],
    [80, "filling up"],
    [90, "almost full"],
    [100, "full"],
  ])("says at %s %% in words how it stands: %s", (percent, words) => {
    expect(within(show({ percent })).getByText(words)).toBeDefined();
  });

  it("says when it resets, and when it is used up if use goes on", () => {
    const card = show({ exhausted_at: "2026-03-03T17:30:00Z", burn_per_hour: 110_000 });
    expect(card.textContent).toMatch(/Resets .* \(in\s5\sd\s12\sh\)/);
    expect(card.textContent).toMatch(
      /At 110\.0k an hour, as in the last 24 h, the cap is reached .*in\s5\sh\s30\smin/,
    );
  });

  it("says of a rolling one when the oldest usage leaves it, and where it levels off", () => {
    const rolling = { rolling: true, resets_at: null, oldest_leaves_at: "2026-03-03T14:00:00Z" };
    const card = show({ ...rolling, since: "2026-03-02T12:00:00Z", burn_per_hour: 20_000 });
    expect(card.textContent).toMatch(/The oldest usage leaves it .* \(in\s2\sh\)/);
    expect(card.textContent).toContain("it levels off at 48 %");
  });

  it("says that a cap in dollars is blocked by calls without a price, and how to mend it", () => {
    const dollars = { unit: "usd", cap: "5.00", account_cap: "5.00", spent: "0", reserved: "0" } as const;
    const card = show({ ...dollars, percent: 0, burn_per_hour: "0", unpriced_calls: 2 });
    expect(within(card).getByText("blocked")).toBeDefined();
    expect(card.textContent).toContain("2 calls in it have no known price");
    expect(card.textContent).toContain("autopack usage reprice");
  });
});

it("says what the account itself says, which is more than what Autopack used", () => {
  const told = { resets_at: "2026-03-03T14:00:00Z", told_at: "2026-03-03T11:58:00Z" };
  const account = [
    { agent: "claude-code", window: "5 hours", percent: 93, ...told },
    { agent: "claude-code", window: "7 days", percent: 10, ...told },
  ];
  const card = show({}, { pool: "claude-max", account });
  const bar = within(card).getByRole("progressbar", { name: "Account of claude-code: 5 hours" });
  expect(bar.getAttribute("aria-valuetext")).toBe("93 % used");
  expect(card.textContent).toMatch(/claude-code, 5 hours93 % used.*Resets .* \(in\s2\sh\)\. Told /);
  expect(within(card).getAllByRole("progressbar")).toHaveLength(2);
});

it("says nothing of an account that says nothing", () => {
  expect(show().textContent).not.toContain("The account itself");
});

it("says of a quota without a cap how to set one", async () => {
  const card = show({}, { pool: "glm", windows: [] });
  expect(within(card).queryByRole("meter")).toBeNull();
  await userEvent.click(within(card).getByText("No cap configured"));
  expect(within(card).getByText(/providers:\s+glm:\s+weekly_cap_tokens/)).toBeDefined();
});

it("says of a subscription that its dollars are list prices", () => {
  const card = show({}, { pool: "claude-max", billing: "subscription" });
  expect(within(card).getByText("subscription · list prices")).toBeDefined();
  expect(within(card).getByText("~$0.1234")).toBeDefined();
});

it("shows a window without a cap, and none of its share", () => {
  const card = show({ cap: null, account_cap: null, percent: null, percent_reserved: null });
  expect(card.textContent).toContain("400.0k used · only shown");
  expect(within(card).queryByRole("meter")).toBeNull();
});

it("says what calls under way can take at most", () => {
  const card = show({}, { reserved: { calls: 2, tokens: 40_000, cost_usd: null } });
  expect(card.textContent).toContain("2 calls under way: at most 40.0k tokens, no known price");
});
