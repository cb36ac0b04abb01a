import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { fakeClipboard } from "../../testing/clipboard";
import { run } from "../../testing/fixtures";
import { type Answers, Refusal, renderPage } from "../../testing/page";
import { ContextBlock } from "./ContextBlock";

const RUN = run().run_id;
const PATH = `GET /dashboard/runs/${RUN}/context`;
const CONTEXT = "## Current Autopack Run Context\n\n- State: `in_progress`\n";

function open(answers: Answers = { [PATH]: CONTEXT }) {
  return { ...renderPage(<ContextBlock run={RUN} />, answers), answers };
}

describe("the context", () => {
  it("is shown as it stands, in a block that the keyboard reaches", async () => {
    open();
    const block = await screen.findByRole("group", { name: "Context for a chat" });
    expect(block.textContent).toBe(CONTEXT);
    expect(block.tabIndex).toBe(0);
  });

  it("is copied as it is in the moment of the press", async () => {
    const { user, answers } = open();
    const clipboard = fakeClipboard();
    const block = await screen.findByRole("group", { name: "Context for a chat" });
    answers[PATH] = "## Newer\n";
    await user.click(screen.getByRole("button", { name: "Copy to clipboard" }));
    expect(await screen.findByRole("button", { name: "Copied" })).toBeTruthy();
    expect(clipboard.text).toBe("## Newer\n");
    await waitFor(() => expect(block.textContent).toBe("## Newer\n"));
  });

  it("is selected to be copied by hand where the browser lets nobody copy", async () => {
    const { user } = open();
    fakeClipboard().refuses = true;
    const block = await screen.findByRole("group", { name: "Context for a chat" });
    await user.click(screen.getByRole("button", { name: "Copy to clipboard" }));
    expect(await screen.findByText(/press Ctrl\+C or ⌘C/)).toBeTruthy();
    expect(document.activeElement).toBe(block);
    expect(window.getSelection()?.toString()).toBe(CONTEXT);
  });

  it("says why it can't be had, and tries again", async () => {
    const { user, answers } = open({
      [PATH]: new Refusal(503, "database_locked", "The database is locked."),
    });
    expect((await screen.findByRole("alert")).textContent).toContain("The database is locked.");
    expect(screen.queryByRole("button", { name: "Copy to clipboard" })).toBeNull();
    answers[PATH] = CONTEXT;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("group", { name: "Context for a chat" })).toBeTruthy();
  });
});
