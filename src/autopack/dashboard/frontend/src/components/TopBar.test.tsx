import { act, screen, within } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import type { Run } from "../api/runs";
import type { Pool, Usage } from "../api/usage";
import { run } from "../testing/fixtures";
import { type Answers, renderPage } from "../testing/page";
import { TopBar } from "./TopBar";

const RUN = run().run_id;
const RESETS = "2026-03-03T14:00:00Z";

function pool(name: string, ...percents: (number | null)[]): Pool {
  return {
    pool: name,
    billing: "api",
    real: null,
    simulated: null,
    reserved: { calls: 0, tokens: 0, cost_usd: "0" },
    soft_limit_percent: 80,
    kept_free_percent: 10,
    burn: {
      hours: 1,
      calls_per_hour: 0,
      tokens_per_hour: 0,
      cost_usd_per_hour: "0",
    } as unknown as Pool["burn"],
    windows: percents.map((percent) => ({ percent }) as Pool["windows"][number]),
    account: [],
  };
}

function usage(...pools: Pool[]): Pick<Usage, "pools"> {
  return { pools };
}

function open(runs: Run[], answers: Answers = {}, view: "run" | "usage" = "run") {
  const chosen = runs[0]?.run_id ?? null;
  return renderPage(<TopBar runs={runs} chosen={chosen} view={view} />, answers);
}

describe("the top bar", () => {
  it("groups runs by what they need, with their state, and goes to the chosen one", async () => {
    const { user, location } = open([
      run(),
      run({ run_id: "run_b", plan: "docs", state: "paused", needs_you: true, waits_for: "disk_full" }),
      run({ run_id: "run_c", plan: "old", state: "failed", needs_you: true, end_reason: "stalled" }),
    ]);
    const select = screen.getByRole("combobox", { name: "Run" });
    const groups = within(select)
      .getAllByRole("group")
      .map((group) => [group.getAttribute("label"), group.textContent]);
    expect(groups).toEqual([
      ["Needs you", expect.stringMatching(/^docs · paused · /)],
      ["Working", expect.stringMatching(/^todo-cli · in progress · /)],
      ["Ended", expect.stringMatching(/^old · failed · /)],
    ]);
    await user.selectOptions(select, "run_b");
    expect(location.history?.at(-1)).toBe("/view/runs/run_b");
  });

  it("has the buttons of a run that is older than those in the list", async () => {
    const old = run({ run_id: "run_old", state: "failed", driven: false, end_reason: "stalled" });
    const answers = { "GET /dashboard/runs/run_old/status": old };
    renderPage(<TopBar runs={[run()]} chosen="run_old" view="run" />, answers);
    expect(await screen.findByRole("button", { name: "Retry" })).toBeTruthy();
    expect(screen.getByRole("combobox", { name: "Run" })).toHaveProperty("value", "run_old");
  });

  it("stays with the usage of the run that is chosen there", async () => {
    const { user, location } = open([run(), run({ run_id: "run_b" })], {}, "usage");
    await user.selectOptions(screen.getByRole("combobox", { name: "Run" }), "run_b");
    expect(location.history?.at(-1)).toBe("/view/usage/run_b");
  });

  it("says that there are no runs, and lets one start", async () => {
    const { user } = open([]);
    expect(screen.getByRole<HTMLSelectElement>("combobox", { name: "Run" }).disabled).toBe(true);
    expect(screen.getByRole("option", { name: "No runs yet" })).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Start" }));
    expect(screen.getByRole("dialog", { name: "Start a run" })).toBeTruthy();
  });

  it("names a run that is not in the list by its id", () => {
    renderPage(<TopBar runs={[run()]} chosen="run_of_long_ago" view="run" />, {});
    expect(screen.getByRole("option", { name: "run_of_long_ago", selected: true })).toBeTruthy();
  });

  it("shows the fullest window of each quota, the fullest quota first, and says from 80 and 90 % that it fills up", async () => {
    const week = usage(
      pool("openai", 5, 12.4),
      pool("glm", 79.96),
      pool("anthropic", 85, 3),
      pool("google", 90, null),
      pool("local", null),
      pool("over", 104),
    );
    open([run()], { "GET /dashboard/usage": week });
    const list = await screen.findByRole("list", { name: "Used share of each quota" });
    const links = within(list).getAllByRole("link");
    expect(links.map((one) => one.textContent)).toEqual([
      "over 104 % !!, used up",
      "google 90 % !!, almost used up",
      "anthropic 85 % !, filling up",
      "glm 79 %",
      "openai 12 %",
    ]);
    const tones = links.map((one) => /bg-(\w+)-soft/.exec(one.innerHTML)?.[1]);
    expect(tones).toEqual(["bad", "bad", "warn", "good", "good"]);
    expect(links[0]?.getAttribute("href")).toBe(`/view/usage/${RUN}`);
  });

  it("counts what an account says of itself, also where no cap is set", async () => {
    const told = { agent: "codex", window: "5 hours", percent: 93, resets_at: RESETS, told_at: RESETS };
    const week = usage({ ...pool("claude-max", 20), account: [told] }, { ...pool("codex"), account: [told] });
    open([run()], { "GET /dashboard/usage": week });
    const list = await screen.findByRole("list", { name: "Used share of each quota" });
    expect(
      within(list)
        .getAllByRole("link")
        .map((one) => one.textContent),
    ).toEqual(["claude-max 93 % !!, almost used up", "codex 93 % !!, almost used up"]);
  });

  it("shows no badge where no quota has a cap", async () => {
    const { asked } = open([run()], { "GET /dashboard/usage": usage(pool("local", null)) });
    await screen.findByRole("button", { name: "Start" });
    expect(asked.some((one) => one.path === "/dashboard/usage")).toBe(true);
    expect(screen.queryByRole("list", { name: "Used share of each quota" })).toBeNull();
  });

  it("marks the view that is shown", () => {
    open([run()], {}, "usage");
    const nav = within(screen.getByRole("navigation", { name: "Views" }));
    expect(nav.getByRole("link", { name: "Usage" }).getAttribute("aria-current")).toBe("page");
    expect(nav.getByRole("link", { name: "Run" }).getAttribute("aria-current")).toBeNull();
  });

  it("says how it is connected, and holds and lets go", async () => {
    const { user } = open([run()]);
    const sign = screen.getByRole("status", { name: "Connection" });
    expect(sign.textContent).toBe("Connecting");
    await user.click(screen.getByRole("button", { name: "Hold live updates" }));
    expect(sign.textContent).toBe("Held");
    await user.click(screen.getByRole("button", { name: "Go on with live updates" }));
    expect(sign.textContent).toBe("Connecting");
  });

  it("changes the theme, and keeps it", async () => {
    const { user } = open([run()]);
    await user.click(screen.getByRole("button", { name: "Theme: system. Change to light" }));
    await user.click(screen.getByRole("button", { name: "Theme: light. Change to dark" }));
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    expect(localStorage.getItem("autopack.theme")).toBe("dark");
    await user.click(screen.getByRole("button", { name: "Theme: dark. Change to system" }));
  });

  it("takes a question about one run away when another one is shown", async () => {
    let show: (chosen: string) => void = () => undefined;
    const Page = () => {
      const [chosen, setChosen] = useState(RUN);
      show = setChosen;
      return <TopBar runs={[run(), run({ run_id: "run_b" })]} chosen={chosen} view="run" />;
    };
    const { user } = renderPage(<Page />, {});
    await user.click(screen.getByRole("button", { name: "Stop" }));
    expect(screen.getByRole("dialog", { name: "Stop this run?" })).toBeTruthy();
    act(() => show("run_b"));
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
