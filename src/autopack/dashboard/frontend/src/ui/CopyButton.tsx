import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./Button";

type Props = { text: string; children: string; onFailure(): void };

/** Copies a text; where the browser lets it not (an editor's frame), `onFailure` shows it to be copied by hand. */
export function CopyButton({ text, children, onFailure }: Props) {
  const [copied, setCopied] = useState(false);
  return (
    <>
      <Button
        icon={copied ? <Check /> : <Copy />}
        onClick={async () => {
          const done = await copy(text);
          setCopied(done);
          if (done) setTimeout(() => setCopied(false), 3_000);
          else onFailure();
        }}
      >
        {copied ? "Copied" : children}
      </Button>
      <span role="status" className="sr-only">
        {copied && "Copied to the clipboard"}
      </span>
    </>
  );
}

/** Whether the text is on the clipboard now, by its API or, in a frame that may not use it, by the old way. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const holder = document.createElement("textarea");
  holder.value = text;
  holder.readOnly = true;
  holder.className = "fixed top-0 left-0 opacity-0";
  const before = document.activeElement;
  document.body.append(holder);
  try {
    holder.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    holder.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
