import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Toasts, useToast } from "./Toasts";

let number = 0;

function Sayer({ detail }: { detail?: string }) {
  const say = useToast();
  return (
    <button type="button" onClick={() => say(`Done ${++number}`, detail)}>
      Do it
    </button>
  );
}

describe("toasts", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    number = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function open(detail?: string) {
    render(
      <Toasts>
        <Sayer {...(detail !== undefined && { detail })} />
      </Toasts>,
    );
    return () => fireEvent.click(screen.getByRole("button", { name: "Do it" }));
  }

  it("are told to screen readers, and go after a while", () => {
    const press = open();
    press();
    expect(screen.getByRole("status").textContent).toContain("Done 1");
    act(() => vi.advanceTimersByTime(5_900));
    expect(screen.queryByText("Done 1")).toBeTruthy();
    act(() => vi.advanceTimersByTime(200));
    expect(screen.queryByText("Done 1")).toBeNull();
  });

  it("stand where they don't cover what has the focus", () => {
    const press = open();
    const button = screen.getByRole("button", { name: "Do it" });
    const at = (top: number) =>
      vi.spyOn(button, "getBoundingClientRect").mockReturnValue({ top, bottom: top + 20 } as DOMRect);
    at(700);
    act(() => button.focus());
    press();
    expect(screen.getByRole("status").className).toContain("top-16");
    at(20);
    act(() => {
      button.blur();
      button.focus();
    });
    expect(screen.getByRole("status").className).toContain("bottom-3");
  });

  it("that say the same are one", () => {
    const Same = () => {
      const say = useToast();
      return (
        <button type="button" onClick={() => say("The same")}>
          Again
        </button>
      );
    };
    render(
      <Toasts>
        <Same />
      </Toasts>,
    );
    for (let time = 0; time < 3; time++) fireEvent.click(screen.getByRole("button", { name: "Again" }));
    expect(screen.getAllByText("The same")).toHaveLength(1);
  });

  it("are dismissed one by one", () => {
    const press = open();
    press();
    press();
    fireEvent.click(screen.getAllByRole("button", { name: "Dismiss" })[0] as HTMLElement);
    expect(screen.queryByText("Done 1")).toBeNull();
    expect(screen.getByText("Done 2")).toBeTruthy();
  });

  it("are at most three, the newest", () => {
    const press = open();
    for (let time = 0; time < 5; time++) press();
    expect(screen.getAllByText(/^Done/).map((one) => one.textContent)).toEqual([
      "Done 3",
      "Done 4",
      "Done 5",
    ]);
  });

  it("stay longer where there is more to read", () => {
    const press = open("The key of this model is not set: calls to it fail until it is.");
    press();
    act(() => vi.advanceTimersByTime(7_000));
    expect(screen.getByText(/The key of this model/)).toBeTruthy();
  });

  it("stay while one reads them: the pointer is on them, or the focus in them", () => {
    const press = open();
    press();
    fireEvent.mouseEnter(screen.getByRole("status"));
    act(() => vi.advanceTimersByTime(60_000));
    expect(screen.getByText("Done 1")).toBeTruthy();
    fireEvent.mouseLeave(screen.getByRole("status"));
    act(() => vi.advanceTimersByTime(6_100));
    expect(screen.queryByText("Done 1")).toBeNull();
    press();
    act(() => screen.getByRole("button", { name: "Dismiss" }).focus());
    act(() => vi.advanceTimersByTime(60_000));
    expect(screen.getByText("Done 2")).toBeTruthy();
  });
});
