import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { Fold } from "./Fold";

it("builds what is in it only when it is opened, and takes it away when it is closed", async () => {
  const built = vi.fn(() => <p>Inside</p>);
  render(<Fold summary="More">{built}</Fold>);
  expect(built).not.toHaveBeenCalled();
  expect(screen.queryByText("Inside")).toBeNull();
  await userEvent.click(screen.getByText("More"));
  expect(await screen.findByText("Inside")).toBeTruthy();
  await userEvent.click(screen.getByText("More"));
  await vi.waitFor(() => expect(screen.queryByText("Inside")).toBeNull());
});

it("says something else while it is open, and keeps what was chosen over how it would start", async () => {
  const fold = (startsOpen: boolean) => (
    <Fold look="row" startsOpen={startsOpen} summary={(open) => (open ? "Less" : "More")}>
      {() => <p>Inside</p>}
    </Fold>
  );
  const { rerender } = render(fold(false));
  rerender(fold(true));
  expect(screen.getByText("Inside")).toBeTruthy();
  await userEvent.click(screen.getByText("Less"));
  await screen.findByText("More");
  rerender(fold(false));
  rerender(fold(true));
  expect(screen.queryByText("Inside")).toBeNull();
});
