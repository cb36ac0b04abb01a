import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./Button";

const SAID_MS = 3_000;
/** A browser forgets after some seconds that a button was pressed. */
const FRESH_MS = 1_000;

type Props = {
  text: string;
  /** A newer one, asked for when the button is pressed; `text` where it does not come in time. */
  fresh?: () => Promise<string>;
  children: string;
  onCopied?(): void;
  onFailure(): void;
};

/** Copies a text; where the browser lets it not (an editor's frame), `onFailure` shows it to be copied by hand. */
export function CopyButton({ text, fresh, children, onCopied, onFailure }: Props) {
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) return;
    const timer = setTimeout(() => setCopied(0), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <Button
        icon={copied > 0 ? <Check /> : <Copy />}
        onClick={async () => {
          const done = await copy(text, fresh);
          setCopied((before) => (done ? before + 1 : 0));
          if (done) onCopied?.();
          else onFailure();
        }}
      >
        {copied > 0 ? "Copied" : children}
      </Button>
      <span role="status" className="sr-only">
        {copied > 0 && "Copied to the clipboard"}
      </span>
    </>
  );
}

/**
 * Whether the text is on the clipboard now, by its API or, in a frame that may not use it, by the old way.
 *
 * Both have to be asked in the press itself: Safari, and a frame, let no one copy who has waited for an answer
 * before. So what is waited for is given to the clipboard as a promise; a browser that takes none gets the
 * text that is there.
 */
export async function copy(text: string, fresh?: () => Promise<string>): Promise<boolean> {
  if (navigator.clipboard === undefined) return copyBySelection(text);
  try {
    await (fresh !== undefined && typeof ClipboardItem !== "undefined"
      ? navigator.clipboard.write([new ClipboardItem({ "text/plain": inTime(fresh, text) })])
      : navigator.clipboard.writeText(text));
    return true;
  } catch {
    return copyBySelection(text);
  }
}

async function inTime(fresh: () => Promise<string>, text: string): Promise<Blob> {
  const late = new Promise<string>((done) => setTimeout(() => done(text), FRESH_MS));
  const said = await Promise.race([fresh().catch(() => text), late]);
  return new Blob([said], { type: "text/plain" });
}

function copyBySelection(text: string): boolean {
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.readOnly = true;
  holder.className = "fixed top-0 left-0 opacity-0";
  const before = document.activeElement;
  // Outside an open dialog nothing can be selected.
  (before?.closest("dialog") ?? document.body).append(holder);
  try {
    holder.focus({ preventScroll: true });
    holder.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    holder.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
