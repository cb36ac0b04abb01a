import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useRoute } from "wouter";
import type { Outline, PhaseOutline, Run } from "../api/runs";
import { run, spend } from "../testing/fixtures";
import { Refusal, renderPage } from "../testing/page";
import {
  at,
  attempt,
  attemptOutline,
  outline,
  phaseDetail,
  phaseOutline,
  stage,
  wait,
} from "../testing/runFixtures";
import { RunProgress } from "./RunProgress";

const RUN = run().run_id;
const HERE = `/view/runs/${RUN}`;
const ENDED: Partial<Run> = {
  state: "succeeded",
  driven: false,
  activity: null,
  end_reason: "completed",
  ended_at: at(10),
  current_phase_index: null,
};

/** The run as the page has it: the phase that is open is that of the address. */
function View({ shown }: { shown: Run }) {
  const [there, address] = useRoute("/view/runs/:run/phases/:phase");
  return <RunProgress run={shown} phase={there ? Number(address.phase) : null} />;
}

type Shown = { phases?: PhaseOutline[]; answer?: unknown; changes?: Partial<Run>; at?: string };

const phases = () => [
  phaseOutline(1, { state: "completed", attempts: [attemptOutline(1)], usage: spend() }),
  phaseOutline(2, { state: "building", name: "Task store", verified: false }),
  phaseOutline(3, { name: "Command\u200b line" }),
];

function show({
  phases: given = phases(),
  answer = outline(given),
  changes = {},
  at: address = HERE,
}: Shown = {}) {
  const details = Object.fromEntries(
    given.map((one) => [
      `GET /dashboard/runs/${RUN}/phases/${one.index}`,
      phaseDetail([attempt(1, { summary: `Work at phase ${one.index}.` })]),
    ]),
  );
  return renderPage(
    <View shown={run({ total_phases: given.length, ...changes })} />,
    { [`GET /dashboard/runs/${RUN}/outline`]: answer, ...details },
    address,
  );
}

const row = (name: RegExp) => screen.findByRole("button", { name, expanded: false });
const items = () => [...document.querySelectorAll("li[data-phase]")];
const track = (phase: number) =>
  within(document.querySelector(`[data-phase="${phase}"]`) as HTMLElement).getByRole("img");
const scrolledTo: Element[] = [];

beforeEach(() => {
  scrolledTo.length = 0;
  vi.spyOn(Element.prototype, "scrollIntoView").mockImplementation(function (this: Element) {
    scrolledTo.push(this);
  });
});

describe("the phases of a run", () => {
  it("say their state in words, and what they cost", async () => {
    show();
    expect((await row(/Phase number 1/)).textContent).toBe(
      "1 Phase number 1completed · docs · low24.1k tokens · $0.1234",
    );
    expect((await row(/Task store/)).textContent).toBe("2 Task storebuilding · docs · low · no checks");
    expect((await row(/Command/)).textContent).toBe("3 Command\\u200b linepending · docs · low");
    expect(screen.getByRole("heading", { name: "Tier 1 · Core" }).nextElementSibling?.textContent).toBe(
      "1 of 3 done · 24.1k tokens · $0.1234",
    );
  });

  it("turn while somebody works at them, and stand still in a run that waits", async () => {
    const { unmount } = show();
    expect((await row(/Task store/)).querySelector("svg")?.classList).toContain("animate-spin");
    unmount();
    show({ changes: { state: "paused", driven: false, waits_for: "asked", activity: null } });
    expect((await row(/Task store/)).querySelector("svg")?.classList).not.toContain("animate-spin");
  });

  it("open to their attempts, and the address is that of the one that is open", async () => {
    const { user, location } = show();
    await user.click(await row(/Phase number 1/));
    expect(await screen.findByText("Work at phase 1.")).toBeTruthy();
    expect(location.history?.at(-1)).toBe(`${HERE}/phases/1`);
    await user.click(await row(/Task store/));
    expect(await screen.findByText("Work at phase 2.")).toBeTruthy();
    expect(screen.queryByText("Work at phase 1.")).toBeNull();
    await user.click(screen.getByRole("button", { name: /Task store/, expanded: true }));
    expect(location.history).toEqual([HERE]);
  });

  it("can be opened by the keyboard", async () => {
    const { user } = show();
    (await row(/Phase number 1/)).focus();
    await user.keyboard("{Enter}");
    expect(await screen.findByText("Work at phase 1.")).toBeTruthy();
  });

  it("are opened and scrolled to by an address", async () => {
    show({ at: `${HERE}/phases/3` });
    expect(await screen.findByText("Work at phase 3.")).toBeTruthy();
    expect(scrolledTo).toEqual([document.querySelector('[data-phase="3"]')]);
  });

  it("lead to the one that is worked at", async () => {
    const { user, location } = show();
    await user.click(await screen.findByRole("button", { name: "Current phase" }));
    expect(await screen.findByText("Work at phase 2.")).toBeTruthy();
    expect(location.history).toEqual([HERE, `${HERE}/phases/2`]);
    expect(scrolledTo).toEqual([document.querySelector('[data-phase="2"]')]);
    expect(screen.queryByRole("button", { name: "Current phase" })).toBeNull();
  });

  it.each([
    ["999", "This run has no phase 999: its plan has 3 phases."],
    ["0", "This run has no phase 0: its plan has 3 phases."],
    ["store", "This run has no such phase: its plan has 3 phases."],
  ])("say so where there is none of a number: %s", async (number, text) => {
    const { user, location, asked } = show({ at: `${HERE}/phases/${number}` });
    expect((await screen.findByText(text)).closest("[role=status]")).toBeTruthy();
    expect(asked.some((one) => one.path.includes("/phases/"))).toBe(false);
    await user.click(screen.getByRole("button", { name: "Show the run" }));
    expect(location.history).toEqual([HERE]);
    expect(screen.queryByText(text)).toBeNull();
  });

  it("are waited for, and may not be had: then it is said why, and asked again", async () => {
    let broken = true;
    const locked = new Refusal(503, "database_locked", "The database is locked.", "Try again in a moment.");
    const { user } = show({ answer: () => (broken ? locked : outline(phases())) });
    expect(screen.getByText("Loading the phases…")).toBeTruthy();
    expect((await screen.findByRole("alert")).textContent).toContain("Try again in a moment.");
    broken = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await row(/Task store/)).toBeTruthy();
  });
});

describe("the bars of a run", () => {
  it("say each attempt, how it ended and how long it was worked at, without the waits", async () => {
    const attempts = [
      attemptOutline(1, { outcome: "rejected", ended_at: at(4) }),
      attemptOutline(2, { outcome: "open", started_at: at(6), ended_at: null, stages: [] }),
    ];
    const answer = outline([phaseOutline(1, { state: "building", attempts })], { waits: [wait(1, 3)] });
    show({ answer, changes: { ...ENDED, ended_at: at(8) } });
    await row(/Phase number 1/);
    expect(track(1).getAttribute("aria-label")).toBe(
      "attempt 1 rejected, 2 min 00 s; attempt 2 under way, 2 min 00 s",
    );
  });

  it("tell what was waited from work, not by colour alone, and only then in their key", async () => {
    const { unmount } = show({
      answer: outline(phases(), { waits: [wait(2, 9)] }),
      changes: ENDED,
    });
    await row(/Phase number 1/);
    const key = within(screen.getByRole("list", { name: "What the bars mean" }));
    expect(key.getByText("waiting").querySelector(".striped")).toBeTruthy();
    for (const phase of [1, 2, 3]) expect(track(phase).querySelectorAll(".striped")).toHaveLength(1);
    unmount();
    show({ changes: ENDED });
    await row(/Phase number 1/);
    expect(screen.queryByText("waiting")).toBeNull();
    expect(document.querySelector(".striped")).toBeNull();
  });

  it("are one wait from end to end where nothing was worked at", async () => {
    const answer = outline([phaseOutline(1)], { waits: [wait(0, null, { what: "queued", reason: "" })] });
    show({ answer, changes: { state: "queued", driven: false, started_at: null, created_at: at(0) } });
    await row(/Phase number 1/);
    const [only, ...others] = track(1).querySelectorAll<HTMLElement>(".striped");
    expect([only?.style.left, only?.style.width, others.length]).toEqual(["0%", "100%", 0]);
    expect(track(1).getAttribute("aria-label")).toBe("not begun");
  });

  it("are empty for a phase that was skipped before it began", async () => {
    show({ phases: [phaseOutline(1, { state: "skipped" })] });
    expect((await row(/Phase number 1/)).textContent).toContain("skipped");
    expect(track(1).getAttribute("aria-label")).toBe("not begun");
    expect(track(1).children).toHaveLength(0);
  });

  it("draw an attempt also where its stages are not known", async () => {
    const alone = attemptOutline(1, { started_at: at(5), ended_at: at(10), stages: [] });
    show({ phases: [phaseOutline(1, { state: "completed", attempts: [alone] })], changes: ENDED });
    await row(/Phase number 1/);
    expect(track(1).getAttribute("aria-label")).toBe("attempt 1 committed, 5 min 00 s");
    for (const drawn of track(1).querySelectorAll<HTMLElement>("span")) {
      expect([drawn.style.left, drawn.style.width]).toEqual(["50%", "50%"]);
    }
  });

  it("draw stages one after the other, and the last of an open attempt up to now", async () => {
    const stages = [stage("building", 0, 5), stage("auditing", 5, null)];
    const open = attemptOutline(1, { outcome: "open", ended_at: null, stages });
    show({ phases: [phaseOutline(1, { state: "auditing", attempts: [open] })], changes: ENDED });
    await row(/Phase number 1/);
    const [built, audited] = track(1).querySelectorAll<HTMLElement>("span");
    expect([built?.className, built?.style.left, built?.style.width]).toEqual([
      expect.stringContaining("bg-run"),
      "0%",
      "50%",
    ]);
    expect([audited?.className, audited?.style.left, audited?.style.width]).toEqual([
      expect.stringContaining("bg-audit"),
      "50%",
      "50%",
    ]);
  });
});

describe("thousands of phases", () => {
  const MANY = 2_000;
  const many = (): Outline => outline(Array.from({ length: MANY }, (_, place) => phaseOutline(place + 1)));

  beforeEach(() => {
    // jsdom lays nothing out: a row has no height of its own there.
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(45);
    vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(MANY * 45);
    vi.spyOn(window, "scrollTo").mockImplementation(() => undefined);
  });
  const begin = async (more: Shown = {}) => {
    const page = show({ answer: many(), changes: { total_phases: MANY }, ...more });
    await screen.findByRole("heading", { name: "Tier 1 · Core" });
    return page;
  };

  it("are in the document only where they are in sight, and each says its place", async () => {
    await begin();
    await waitFor(() => expect(items().length).toBeGreaterThan(10));
    expect(items().length).toBeLessThan(60);
    const [first] = items();
    expect([first?.getAttribute("aria-posinset"), first?.getAttribute("aria-setsize")]).toEqual([
      "2",
      String(MANY + 1),
    ]);
  });

  it("are scrolled to by an address, and not where one is opened that is in sight", async () => {
    const { user } = await begin({ at: `${HERE}/phases/1500` });
    const scroll = vi.mocked(window.scrollTo);
    await waitFor(() => expect(scroll).toHaveBeenCalled());
    const tops = scroll.mock.calls.map(([to]) => (to as ScrollToOptions | undefined)?.top ?? 0);
    expect(tops.at(-1)).toBeGreaterThan(1_400 * 45);
    scroll.mockClear();
    await user.click(await row(/Phase number 5p/));
    await screen.findByRole("button", { name: /Phase number 5p/, expanded: true });
    expect(scroll).not.toHaveBeenCalled();
  });

  it("are all on paper", async () => {
    await begin();
    act(() => void fireEvent(window, new Event("beforeprint")));
    expect(items()).toHaveLength(MANY);
    act(() => void fireEvent(window, new Event("afterprint")));
    expect(items().length).toBeLessThan(60);
  }, 20_000);

  it("say so where there is none of a number", async () => {
    await begin({ at: `${HERE}/phases/2001` });
    expect(screen.getByText("This run has no phase 2001: its plan has 2,000 phases.")).toBeTruthy();
  });
});
