import { act, fireEvent, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { describe, expect, it, vi } from "vitest";
import { Connection } from "../testing/feed";
import {
  answers,
  feedInHand,
  hide,
  OUTLINE,
  outline,
  Page,
  pass,
  service,
  shown,
  sign,
} from "../testing/livePage";
import { Refusal, renderPage } from "../testing/page";

describe("the connection to the feed", () => {
  const { feed, open } = feedInHand();

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
