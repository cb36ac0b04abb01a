import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Run } from "../api/runs";
import { note, noteList, receipt, run } from "../testing/fixtures";
import { type Answers, Refusal, renderPage } from "../testing/page";
import { InterventionHelpers } from "./InterventionHelpers";

const NOTES = "GET /dashboard/human-notes";
const POST = "POST /dashboard/human-notes";

let runs = 0;

/** Each test has a run of its own: drafts outlive what is rendered. */
function open(answers: Answers = {}, changes: Partial<Run> = {}) {
  runs += 1;
  const shown = run({ run_id: `run_20260303_101500_${String(runs).padStart(4, "0")}`, ...changes });
  const page = renderPage(<InterventionHelpers run={shown} />, {
    [`GET /dashboard/runs/${shown.run_id}/context`]: "## Current Autopack Run Context\n",
    [NOTES]: noteList([]),
    [POST]: note(),
    ...answers,
  });
  const sent = (what: string) => page.asked.filter((one) => `${one.method} ${one.path}` === what);
  return { ...page, shown, sent, box: screen.getByRole("textbox", { name: "Note for the models" }) };
}

const send = () => screen.getByRole<HTMLButtonElement>("button", { name: "Leave the note" });

describe("leaving a note", () => {
  it("sends it for this run, says so, and empties the box", async () => {
    const { user, box, sent, shown } = open();
    expect(send().disabled).toBe(true);
    await user.type(box, "  Skip the UI tests.  ");
    expect(screen.getByText("18 of 4,000 characters")).toBeTruthy();
    await user.click(send());
    expect(await screen.findByText("Note written")).toBeTruthy();
    expect(sent(POST)[0]?.body).toEqual({
      note: "Skip the UI tests.",
      run_id: shown.run_id,
      every_run: false,
    });
    expect((box as HTMLTextAreaElement).value).toBe("");
    await waitFor(() => expect(sent(NOTES)).toHaveLength(2));
  });

  it("sends it for every run of the run's own project", async () => {
    const { user, box, sent, shown } = open();
    await user.type(box, "Backend only.");
    await user.click(screen.getByRole("radio", { name: "Every run of todo" }));
    await user.click(send());
    await screen.findByText("Note written");
    expect(sent(POST)[0]?.body).toMatchObject({ run_id: shown.run_id, every_run: true });
  });

  it.each(["{Control>}{Enter}{/Control}", "{Meta>}{Enter}{/Meta}"])("is sent by %s", async (keys) => {
    const { user, box } = open();
    await user.type(box, `One line{Enter}and another${keys}`);
    expect(await screen.findByText("Note written")).toBeTruthy();
  });

  it("keeps its key when it is sent again, so that it is written once, and has another for another text", async () => {
    const refused = new Refusal(503, "database_locked", "The database is locked.", "Try again in a moment.");
    const { user, box, sent } = open({ [POST]: refused });
    await user.type(box, "Backend only.");
    await user.click(send());
    const problem = await screen.findByRole("alert");
    expect(problem.textContent).toContain("The database is locked.Try again in a moment.");
    await user.click(send());
    await waitFor(() => expect(sent(POST)).toHaveLength(2));
    await user.type(box, " Really.");
    await user.click(send());
    await waitFor(() => expect(sent(POST)).toHaveLength(3));
    const [first, second, third] = sent(POST).map((one) => one.headers.get("Idempotency-Key"));
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("keeps a draft for its run while another is looked at", async () => {
    const { user, box, shown, unmount } = open();
    await user.type(box, "Half a thou");
    unmount();
    open();
    expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("");
    document.body.replaceChildren();
    open({}, { run_id: shown.run_id });
    expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toBe("Half a thou");
  });

  it("counts a character as one, and says what is too long instead of cutting it", async () => {
    const { user, box } = open();
    await user.click(box);
    await user.paste("🙂".repeat(4_000));
    expect(send().disabled).toBe(false);
    await user.paste("!");
    expect(screen.getByText(/Too long: 4,001 of 4,000/)).toBeTruthy();
    expect(send().disabled).toBe(true);
  });

  it("says where it is written and who carries it, also after the end", async () => {
    const { box, user, unmount } = open();
    expect(box.getAttribute("aria-describedby")).toContain("-where");
    expect(screen.getByText(/Every attempt that begins later carries it/)).toBeTruthy();
    unmount();
    open({}, { state: "succeeded" });
    expect(screen.getByText(/This run has ended: no prompt of it carries the note/)).toBeTruthy();
    await user.click(screen.getByRole("radio", { name: "Every run of todo" }));
    expect(screen.getByText(/Later runs carry it/)).toBeTruthy();
  });
});

describe("the notes of a run", () => {
  it("have author, time and receipts that lead to their phases", async () => {
    const list = noteList([note({ receipts: [receipt(), receipt({ role: "auditor" })] })]);
    const { location, user } = open({ [NOTES]: list });
    const item = await screen.findByText("Skip the UI tests, backend only.");
    const entry = within(item.closest("li") as HTMLElement);
    expect(entry.getByText("Ada")).toBeTruthy();
    expect(item.closest("li")?.querySelector("time")?.dateTime).toBe("2026-03-03T10:16:00Z");
    const receipts = entry.getAllByText(/^delivered to/).map((one) => one.textContent);
    expect(receipts).toEqual([
      "delivered to phase 3, attempt 2 · auditor",
      "delivered to phase 3, attempt 2 · builder",
    ]);
    await user.click(entry.getAllByRole("link", { name: "phase 3, attempt 2" })[0] as HTMLElement);
    expect(location.history?.at(-1)).toBe("/view/runs/run_20260303_101500_ab12/phases/3");
  });

  it("show the latest receipts, and the others when they are asked for", async () => {
    const receipts = [1, 2, 3, 4, 5].map((phase_index) => receipt({ phase_index }));
    const { user } = open({ [NOTES]: noteList([note({ receipts })]) });
    expect(await screen.findAllByText(/^delivered to/)).toHaveLength(3);
    await user.click(screen.getByRole("button", { name: "Show 2 earlier deliveries" }));
    expect(screen.getAllByText(/^delivered to/)).toHaveLength(5);
  });

  it("say what was not delivered, and what never will be", async () => {
    const { unmount } = open({ [NOTES]: noteList([note()]) });
    expect(await screen.findByText("not delivered yet")).toBeTruthy();
    unmount();
    open({ [NOTES]: noteList([note()]) }, { state: "failed" });
    expect(await screen.findByText("not delivered: the run has ended")).toBeTruthy();
  });

  it("have a face where there are none, where there are more, and where some are not read", async () => {
    const { unmount } = open();
    expect(await screen.findByText(/None yet/)).toBeTruthy();
    unmount();
    open({
      [NOTES]: noteList([note({ created_at: null, author: "by hand" })], { total: 12, unread_bytes: 900 }),
    });
    expect(await screen.findByText("by hand")).toBeTruthy();
    expect(screen.getByText(/The newest 1 of 12/)).toBeTruthy();
    expect(screen.getByText(/its last 900 bytes are in no prompt/)).toBeTruthy();
  });

  it("say what to do where the project's folder is gone, and try again", async () => {
    let gone = true;
    const refusal = new Refusal(
      503,
      "repository_unreachable",
      "/srv/todo is not there any more.",
      "Say where.",
    );
    const { user } = open({ [NOTES]: () => (gone ? refusal : noteList([note()])) });
    expect((await screen.findByRole("alert")).textContent).toContain("not there any more.Say where.");
    gone = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Skip the UI tests, backend only.")).toBeTruthy();
  });

  it("stay to be seen where asking again fails", async () => {
    let broken = false;
    const { queries } = open({
      [NOTES]: () => (broken ? new Refusal(503, "database_locked", "Busy.") : noteList([note()])),
    });
    await screen.findByText("Skip the UI tests, backend only.");
    broken = true;
    await act(() => queries.invalidateQueries({ queryKey: ["notes"] }));
    expect(await screen.findByText("What follows may be old.")).toBeTruthy();
    expect(screen.getByText("Skip the UI tests, backend only.")).toBeTruthy();
  });

  it("are withdrawn after one question", async () => {
    let there = true;
    const { user, sent } = open({
      [NOTES]: () => noteList(there ? [note()] : []),
      "DELETE /dashboard/human-notes/3f9c2a1b": () => {
        there = false;
        return note();
      },
    });
    await user.click(await screen.findByRole("button", { name: "Withdraw" }));
    const dialog = screen.getByRole("dialog", { name: "Withdraw this note?" });
    expect(within(dialog).getByText("Skip the UI tests, backend only.")).toBeTruthy();
    await user.click(within(dialog).getByRole("button", { name: "Keep it" }));
    expect(sent("DELETE /dashboard/human-notes/3f9c2a1b")).toHaveLength(0);
    await user.click(screen.getByRole("button", { name: "Withdraw" }));
    await user.click(screen.getByRole("button", { name: "Withdraw it" }));
    expect(await screen.findByText("Note withdrawn")).toBeTruthy();
    expect(sent("DELETE /dashboard/human-notes/3f9c2a1b")).toHaveLength(1);
    expect(await screen.findByText(/None yet/)).toBeTruthy();
    expect(document.activeElement?.textContent).toBe("Latest notes");
  });

  it("say why one can't be withdrawn", async () => {
    const { user } = open({ [NOTES]: noteList([note()]) });
    await user.click(await screen.findByRole("button", { name: "Withdraw" }));
    await user.click(screen.getByRole("button", { name: "Withdraw it" }));
    expect(await within(screen.getByRole("dialog")).findByRole("alert")).toBeTruthy();
  });
});
