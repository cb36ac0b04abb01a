import { useQuery } from "@tanstack/react-query";
import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";
import { notesOptions } from "../api/notes";
import { outlineOptions, runListOptions } from "../api/runs";
import { TopBar } from "../components/TopBar";
import { fakeFeed } from "./feed";
import { run } from "./fixtures";
import { type Answers, renderPage } from "./page";

const RUN = run().run_id;
const LIST = "GET /dashboard/runs";
export const OUTLINE = `GET /dashboard/runs/${RUN}/outline`;
const NOTES = "GET /dashboard/human-notes";

/** The service's state, as a test changes it. */
export const service = { plan: "todo-cli", phase: "building", head: 42, notes: 0, down: false };

export function Page() {
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

export const answers: Answers = {
  [LIST]: () => {
    if (service.down) throw new TypeError("Failed to fetch");
    return { runs: [run({ plan: service.plan, as_of: service.head })] };
  },
  [OUTLINE]: () => {
    if (service.down) throw new TypeError("Failed to fetch");
    return outline(service.phase, service.head);
  },
  [NOTES]: () => ({ project: "/srv/todo", total: service.notes, unread_bytes: 0, notes: [] }),
};

export function outline(state: string, as_of: number) {
  return { run_id: RUN, tiers: [{ index: 1, phases: [{ index: 1, state }] }], waits: [], as_of };
}

export const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
export const shown = () => screen.getByText(/notes$/).textContent;
export const sign = () => screen.getByRole("status", { name: "Connection" }).textContent;

export function hide(state: "hidden" | "visible") {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}

/** Before each test: a browser whose feed and time the test has in hand. */
export function feedInHand() {
  let newest = fakeFeed;
  beforeEach(() => {
    vi.useFakeTimers();
    const made = fakeFeed();
    newest = () => made;
    Object.assign(service, { plan: "todo-cli", phase: "building", head: 42, notes: 0, down: false });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const feed = () => newest()();

  /** The page, live for a second; `count` is what it asked since. */
  async function open(more: Answers = {}) {
    const page = renderPage(<Page />, { ...answers, ...more });
    await pass(50);
    act(() => feed().ready(service.head));
    await pass(1_000);
    const asked = (what: string) => page.asked.filter((one) => `${one.method} ${one.path}` === what).length;
    const from = { list: asked(LIST), outline: asked(OUTLINE) };
    return {
      ...page,
      count: () => ({ list: asked(LIST) - from.list, outline: asked(OUTLINE) - from.outline }),
    };
  }
  return { feed, open };
}

/** From now on answers wait, once they are made, until they are let go. */
export function answersWait(of = ""): (() => void)[] {
  const late: (() => void)[] = [];
  const real = globalThis.fetch;
  vi.stubGlobal("fetch", async (request: Request) => {
    const answer = await real(request);
    if (new URL(request.url).pathname.endsWith(of)) await new Promise<void>((done) => late.push(done));
    return answer;
  });
  return late;
}
