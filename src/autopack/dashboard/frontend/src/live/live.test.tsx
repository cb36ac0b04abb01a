import { useQuery } from "@tanstack/react-query";
import { act, fireEvent, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { notesOptions } from "../api/notes";
import { outlineOptions, runListOptions } from "../api/runs";
import { TopBar } from "../components/TopBar";
import { Connection, fakeFeed } from "../testing/feed";
import { run } from "../testing/fixtures";
import { type Answers, Refusal, renderPage } from "../testing/page";

const RUN = run().run_id;
const LIST = "GET /dashboard/runs";
const OUTLINE = `GET /dashboard/runs/${RUN}/outline`;
const NOTES = "GET /dashboard/human-notes";

/** The service's state, as a test changes it. */
const service = { plan: "todo-cli", phase: "building", head: 42, notes: 0, down: false };

function Page() {
  const list = useQuery(runListOptions);
  const outline = useQuery(outlineOptions(RUN));
  const notes = useQuery(notesOptions(RUN));
  return (
    <>
      <TopBar runs={list.data?.runs ?? []} chosen={RUN} view="run" />
      <p>{`${list.data?.runs[0]?.plan ?? "…"}, ${outline.data?.tiers[0]?.phases[0]?.state ?? "…"}, ${notes.data?.total ?? "…"} notes`}</p>
    </>
  );
}

const answers: Answers = {
  [LIST]: () => {
    if (service.down) throw new TypeError("Failed to fetch");
    return { runs: [run({ plan: service.plan, as_of: service.head })] };
  },
  [OUTLINE]: () => {
    if (service.down) throw new TypeError("Failed to fetch");
    return outline(service.phase, service.head);
  },
  [NOTES]: () => ({ project: "/home/ada/todo", total: service.notes, unread_bytes: 0, notes: [] }),
};

function outline(state: string, as_of: number) {
  return { run_id: RUN, tiers: [{ index: 1, phases: [{ index: 1, state }] }], waits: [], as_of };
}

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const shown = () => screen.getByText(/notes$/).textContent;
const sign = () => screen.getByRole("status", { name: "Connection" }).textContent;

function hide(state: "hidden" | "visible") {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

describe("the live page", () => {
  let feed: () => Connection;

  beforeEach(() => {
    vi.useFakeTimers();
    feed = fakeFeed();
    Object.assign(service, { plan: "todo-cli", phase: "building", head: 42, notes: 0, down: false });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function open(more: Answers = {}) {
    const page = renderPage(<Page />, { ...answers, ...more });
    await pass(50);
    act(() => feed().ready(service.head));
    await pass(1_000);
    const asked = (what: string) => page.asked.filter((one) => `${one.method} ${one.path}` === what).length;
    const from = { list: asked(LIST), outline: asked(OUTLINE), notes: asked(NOTES) };
    return {
      ...page,
      count: () => ({ list: asked(LIST) - from.list, outline: asked(OUTLINE) - from.outline }),
    };
  }

  it("shows what an event tells of", async () => {
    await open();
    expect(sign()).toBe("Live");
    expect(shown()).toBe("todo-cli, building, 0 notes");
    Object.assign(service, { plan: "renamed", notes: 1, head: 43 });
    act(() => feed().event(43, "note_added"));
    await pass(100);
    expect(shown()).toBe("renamed, building, 1 notes");
  });

  it("makes few requests of a burst of 1,000 events, and shows the last state", async () => {
    const { count } = await open();
    for (let id = 43; id < 1_043; id++) act(() => feed().event(id, "attempt_opened"));
    service.plan = "at the end";
    service.head = 1_042;
    await pass(2_000);
    expect(shown()).toBe("at the end, building, 0 notes");
    expect(count()).toEqual({ list: 2, outline: 2 });
  });

  it("asks once more for an event that comes while the answer is on its way", async () => {
    const late: (() => void)[] = [];
    await open();
    answersLate(late);
    act(() => feed().event(43, "run_moved"));
    await pass(10);
    service.plan = "newer";
    service.head = 44;
    act(() => feed().event(44, "run_moved"));
    await pass(300);
    await act(async () => late.shift()?.());
    await pass(1_000);
    await act(async () => late.shift()?.());
    await pass(100);
    expect(shown()).toContain("newer");
  });

  function answersLate(late: (() => void)[]) {
    const real = globalThis.fetch;
    vi.stubGlobal("fetch", async (request: Request) => {
      const answer = await real(request);
      if (new URL(request.url).pathname === "/dashboard/runs") {
        await new Promise<void>((done) => late.push(done));
      }
      return answer;
    });
  }

  it("asks once more for an event that comes before the first answer", async () => {
    let first = true;
    const [answer, done] = later();
    const page = renderPage(<Page />, {
      ...answers,
      [OUTLINE]: () => {
        if (!first) return outline("verifying", 43);
        first = false;
        return answer;
      },
    });
    await pass(50);
    act(() => feed().ready(42));
    act(() => feed().event(43, "attempt_moved"));
    await pass(50);
    done(outline("building", 42));
    await pass(500);
    expect(shown()).toContain("verifying");
    page.unmount();
  });

  it("asks anew for what was answered before the feed began", async () => {
    renderPage(<Page />, answers);
    await pass(100);
    Object.assign(service, { plan: "meanwhile", phase: "auditing", notes: 2, head: 50 });
    act(() => feed().ready(50));
    await pass(100);
    expect(shown()).toBe("meanwhile, auditing, 2 notes");
  });

  it("asks nothing twice that was answered after the feed began, where the answer says so", async () => {
    const page = renderPage(<Page />, answers);
    await pass(100);
    act(() => feed().ready(42));
    await pass(100);
    expect(page.asked.filter((one) => one.path.endsWith("/outline"))).toHaveLength(1);
  });

  it("asks every 5 seconds when the feed is cut, says so, and goes on where it was", async () => {
    const { count } = await open();
    act(() => feed().event(43, "run_moved"));
    await pass(1_000);
    act(() => feed().fail());
    await pass(100);
    expect(sign()).toBe("Every 5 s");
    const before = count().list;
    service.plan = "polled";
    await pass(5_000);
    expect(shown()).toContain("polled");
    expect(count().list).toBe(before + 1);
    expect(feed().url).toBe("/dashboard/events?after=43");
    act(() => feed().ready(43));
    expect(sign()).toBe("Live");
    service.plan = "told afterwards";
    act(() => feed().event(44, "run_moved"));
    await pass(300);
    expect(shown()).toContain("told afterwards");
    const live = count().list;
    await pass(15_000);
    expect(count().list).toBe(live);
  });

  it("polls on when an answer takes longer than 5 seconds", async () => {
    await open();
    const slow = globalThis.fetch;
    vi.stubGlobal("fetch", async (request: Request) => {
      await new Promise((done) => setTimeout(done, 7_000));
      return slow(request);
    });
    service.plan = "slow";
    act(() => feed().fail());
    await pass(16_000);
    expect(shown()).toContain("slow");
  });

  it("polls where the browser does not open the feed at all", async () => {
    renderPage(<Page />, answers);
    await pass(5_100);
    expect(sign()).toBe("Every 5 s");
    act(() => feed().ready(42));
    expect(sign()).toBe("Live");
  });

  it("says that it is offline, keeps what it has, and comes back", async () => {
    await open();
    service.down = true;
    act(() => feed().fail());
    await pass(500);
    expect(sign()).toBe("Offline");
    expect(shown()).toBe("todo-cli, building, 0 notes");
    for (let time = 0; time < 40; time++) {
      await pass(500);
      act(() => feed().fail());
      expect(sign()).toBe("Offline");
    }
    Object.assign(service, { down: false, plan: "back" });
    await pass(5_000);
    expect(sign()).toBe("Every 5 s");
    expect(shown()).toContain("back");
    act(() => feed().ready(42));
    expect(sign()).toBe("Live");
  });

  it("asks again for what failed before the feed was cut, as soon as it is back", async () => {
    let broken = false;
    await open({
      [OUTLINE]: () => (broken ? new Refusal(503, "database_locked", "Busy.") : outline(service.phase, 43)),
    });
    broken = true;
    act(() => feed().event(43, "run_moved"));
    await pass(100);
    act(() => feed().fail());
    await pass(600);
    Object.assign(service, { phase: "auditing" });
    broken = false;
    act(() => feed().ready(43));
    await pass(100);
    expect(shown()).toContain("auditing");
  });

  it("shows nothing while it is held, counts, and brings everything when it is let go", async () => {
    const { count } = await open();
    fireEvent.click(screen.getByRole("button", { name: "Hold live updates" }));
    Object.assign(service, { plan: "unseen", phase: "verifying", head: 45 });
    act(() => feed().event(43, "phase_moved", { phase_index: 1, after: "verifying" }));
    act(() => feed().event(44, "run_moved"));
    act(() => feed().fail());
    await pass(600);
    act(() => feed().ready(44));
    act(() => feed().event(45, "run_moved"));
    hide("hidden");
    await pass(60_000);
    hide("visible");
    act(() => feed().ready(45));
    await pass(60_000);
    expect(shown()).toBe("todo-cli, building, 0 notes");
    expect(count()).toEqual({ list: 0, outline: 0 });
    expect(sign()).toBe("Held");
    expect(screen.getByText("3 changes")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Go on with live updates" }));
    await pass(100);
    expect(shown()).toBe("unseen, verifying, 0 notes");
  });

  it("counts again when it is held a second time", async () => {
    await open();
    for (const id of [43, 44]) {
      fireEvent.click(screen.getByRole("button", { name: "Hold live updates" }));
      act(() => feed().event(id, "run_moved"));
      if (id === 44) break;
      fireEvent.click(screen.getByRole("button", { name: "Go on with live updates" }));
    }
    await pass(200);
    expect(screen.getByText("1 change")).toBeTruthy();
  });

  it("shows a phase's new state at once, also over an older answer", async () => {
    await open();
    const late: (() => void)[] = [];
    const real = globalThis.fetch;
    vi.stubGlobal("fetch", async (request: Request) => {
      const answer = await real(request);
      await new Promise<void>((done) => late.push(done));
      return answer;
    });
    act(() => feed().event(43, "attempt_moved"));
    await pass(10);
    act(() => feed().event(44, "phase_moved", { phase_index: 1, after: "verifying" }));
    await pass(0);
    expect(shown()).toContain("verifying");
    await act(async () => {
      for (const done of late) done();
    });
    await pass(0);
    expect(shown()).toContain("verifying");
  });

  it("takes no phase back for an event that its answer holds already", async () => {
    service.phase = "completed";
    await open();
    vi.stubGlobal("fetch", () => new Promise(() => undefined));
    act(() => feed().event(41, "phase_moved", { phase_index: 1, after: "building" }));
    await pass(10);
    expect(shown()).toContain("completed");
  });

  it("gives its connection back while nobody sees it, and catches up", async () => {
    const { count } = await open();
    hide("hidden");
    await pass(11_000);
    expect(feed().closed).toBe(true);
    await pass(120_000);
    expect(count().list).toBe(0);
    expect(Connection.all).toHaveLength(1);
    service.plan = "later";
    hide("visible");
    expect(feed().url).toBe("/dashboard/events?after=42");
    act(() => feed().ready(42));
    act(() => feed().event(43, "run_moved"));
    await pass(300);
    expect(shown()).toContain("later");
  });

  it("opens a new connection where the old one brought nothing of what happened", async () => {
    await open();
    service.head = 60;
    await pass(33_000);
    expect(Connection.all).toHaveLength(2);
    expect(feed().url).toBe("/dashboard/events?after=42");
  });

  it("reads everything anew where events can't be had", async () => {
    await open();
    Object.assign(service, { plan: "anew", notes: 3, head: 9_000 });
    act(() => feed().say("reset", { as_of: 9_000, reason: "old" }, 9_000));
    await pass(100);
    expect(shown()).toBe("anew, building, 3 notes");
  });

  it("leaves nothing behind: one connection, and none after it is gone", async () => {
    const page = renderPage(
      <StrictMode>
        <Page />
      </StrictMode>,
      answers,
    );
    await pass(50);
    expect(Connection.all.filter((one) => !one.closed)).toHaveLength(1);
    page.unmount();
    page.queries.clear();
    expect(Connection.all.filter((one) => !one.closed)).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

function later(): [Promise<unknown>, (answer: unknown) => void] {
  let done: (answer: unknown) => void = () => undefined;
  const answer = new Promise((resolve) => {
    done = resolve;
  });
  return [answer, done];
}
