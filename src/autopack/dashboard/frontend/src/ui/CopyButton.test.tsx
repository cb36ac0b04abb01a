import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Clipboard, fakeClipboard } from "../testing/clipboard";
import { CopyButton } from "./CopyButton";

/** What a browser of old copies: the selected text of the focused field. */
function oldWay(works: boolean): { text: string | null } {
  const got: { text: string | null } = { text: null };
  document.execCommand = () => {
    const field = document.activeElement;
    if (works && field instanceof HTMLTextAreaElement) {
      got.text = field.value.slice(field.selectionStart, field.selectionEnd);
    }
    return works;
  };
  return got;
}

describe("a button that copies", () => {
  const failed = vi.fn();
  let clipboard: Clipboard;

  beforeEach(() => {
    vi.useFakeTimers();
    failed.mockClear();
    clipboard = fakeClipboard();
  });
  afterEach(() => {
    vi.useRealTimers();
    Reflect.deleteProperty(document, "execCommand");
  });

  async function press(fresh?: () => Promise<string>, wait = 0) {
    render(
      <CopyButton text="as it was" {...(fresh && { fresh })} onFailure={failed}>
        Copy
      </CopyButton>,
    );
    const button = screen.getByRole("button");
    button.focus();
    fireEvent.click(button);
    await act(() => vi.advanceTimersByTimeAsync(wait));
    return button;
  }

  it("uses the clipboard, and says so for a while", async () => {
    const button = await press();
    expect(clipboard.text).toBe("as it was");
    expect(button.textContent).toBe("Copied");
    expect(screen.getByRole("status").textContent).toBe("Copied to the clipboard");
    await act(() => vi.advanceTimersByTimeAsync(3_000));
    expect(button.textContent).toBe("Copy");
  });

  it("hands the clipboard a promise in the press itself, and copies what it brings", async () => {
    const write = vi.spyOn(clipboard, "write");
    render(
      <CopyButton text="as it was" fresh={() => Promise.resolve("as it is")} onFailure={failed}>
        Copy
      </CopyButton>,
    );
    fireEvent.click(screen.getByRole("button"));
    expect(write).toHaveBeenCalledOnce();
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(clipboard.text).toBe("as it is");
  });

  it("copies what it has where a newer text fails or does not come in time", async () => {
    await press(() => Promise.reject(new Error("down")));
    expect(clipboard.text).toBe("as it was");
    clipboard.text = null;
    document.body.replaceChildren();
    await press(() => new Promise(() => undefined), 1_000);
    expect(clipboard.text).toBe("as it was");
  });

  it("copies by a selection where the clipboard is refused, and leaves the focus where it was", async () => {
    clipboard.refuses = true;
    const old = oldWay(true);
    const button = await press(() => Promise.resolve("as it is"));
    expect(old.text).toBe("as it was");
    expect(document.activeElement).toBe(button);
    expect(document.querySelector("textarea")).toBeNull();
    expect(failed).not.toHaveBeenCalled();
  });

  it("copies by a selection, in the press itself, where there is no clipboard", () => {
    Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
    const old = oldWay(true);
    render(
      <CopyButton text="as it was" onFailure={failed}>
        Copy
      </CopyButton>,
    );
    const button = screen.getByRole("button");
    button.focus();
    fireEvent.click(button);
    expect(old.text).toBe("as it was");
  });

  it("says that neither works, and not that it is copied", async () => {
    clipboard.refuses = true;
    oldWay(false);
    const button = await press();
    expect(failed).toHaveBeenCalledOnce();
    expect(button.textContent).toBe("Copy");
  });
});
