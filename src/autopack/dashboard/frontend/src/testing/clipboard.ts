import { vi } from "vitest";

/** Stands in for the browser's clipboard; `refuses` is what a frame without the permission does. */
export class Clipboard {
  text: string | null = null;
  refuses = false;

  write = async (items: { parts: Record<string, Promise<Blob>> }[]) => {
    if (this.refuses) throw new DOMException("Not allowed.", "NotAllowedError");
    const blob = await items[0]?.parts["text/plain"];
    this.text = (await blob?.text()) ?? null;
  };

  writeText = async (text: string) => {
    if (this.refuses) throw new DOMException("Not allowed.", "NotAllowedError");
    this.text = text;
  };
}

/** Puts it in the browser's place, after user-event has put its own there. */
export function fakeClipboard(): Clipboard {
  const clipboard = new Clipboard();
  Object.defineProperty(navigator, "clipboard", { value: clipboard, configurable: true });
  vi.stubGlobal(
    "ClipboardItem",
    class {
      constructor(readonly parts: unknown) {}
    },
  );
  return clipboard;
}
