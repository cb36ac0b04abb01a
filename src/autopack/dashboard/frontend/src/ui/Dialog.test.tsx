import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode, useState } from "react";
import { describe, expect, it } from "vitest";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

function Page() {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Ask</Button>
      {open && (
        <Dialog title="Really?" onClose={close} actions={<Button onClick={close}>Yes</Button>}>
          It can't be taken back.
        </Dialog>
      )}
    </>
  );
}

async function opened() {
  const user = userEvent.setup();
  render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
  await user.click(screen.getByRole("button", { name: "Ask" }));
  return user;
}

describe("a dialog", () => {
  it("has its title as its name, and the focus", async () => {
    await opened();
    const dialog = screen.getByRole("dialog", { name: "Really?" });
    expect(dialog.contains(document.activeElement)).toBe(true);
    expect(dialog.textContent).toContain("It can't be taken back.");
  });

  it.each([
    ["Escape", "{Escape}"],
    ["its cross", "Close"],
    ["what it asks", "Yes"],
  ])("is closed by %s, and the focus goes back to what opened it", async (_, by) => {
    const user = await opened();
    if (by === "{Escape}") await user.keyboard(by);
    else await user.click(screen.getByRole("button", { name: by }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Ask" }));
  });

  it("is gone where the browser closes it by itself", async () => {
    await opened();
    (screen.getByRole("dialog") as HTMLDialogElement).close();
    await Promise.resolve();
    await screen.findByRole("button", { name: "Ask" });
    expect(screen.queryByText("It can't be taken back.")).toBeNull();
  });
});
