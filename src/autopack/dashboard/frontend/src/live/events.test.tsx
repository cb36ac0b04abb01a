import { act } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import {
  answers,
  answersWait,
  feedInHand,
  OUTLINE,
  outline,
  Page,
  pass,
  service,
  shown,
  sign,
} from "../testing/livePage";
import { renderPage } from "../testing/page";

describe("what the feed tells", () => {
  const { feed, open } = feedInHand();

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
    await open();
    const late = answersWait("/runs");
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

  it("shows a phase's new state at once, also over an older answer", async () => {
    await open();
    const late = answersWait();
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

  it("reads everything anew where events can't be had", async () => {
    await open();
    Object.assign(service, { plan: "anew", notes: 3, head: 9_000 });
    act(() => feed().say("reset", { as_of: 9_000, reason: "old" }, 9_000));
    await pass(100);
    expect(shown()).toBe("anew, building, 3 notes");
  });
});

function later(): [Promise<unknown>, (answer: unknown) => void] {
  let done: (answer: unknown) => void = () => undefined;
  const answer = new Promise((resolve) => {
    done = resolve;
  });
  return [answer, done];
}
