import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { contextOptions } from "../../api/runs";
import { CopyButton } from "../../ui/CopyButton";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";

/** Where the run stands, as text for a chat with another model. */
export function ContextBlock({ run }: { run: string }) {
  const context = useQuery(contextOptions(run));
  const queries = useQueryClient();
  const [byHand, setByHand] = useState(false);
  const block = useRef<HTMLPreElement>(null);
  const heading = useId();
  const text = context.data;

  // Also when a newer text takes its place: what is selected would be gone.
  useEffect(() => {
    if (!byHand || block.current === null || text === undefined) return;
    block.current.focus();
    window.getSelection()?.selectAllChildren(block.current);
  }, [byHand, text]);

  return (
    <section aria-labelledby={heading} className="space-y-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 id={heading} className="font-semibold">
          Context for a chat
        </h3>
        {text !== undefined && (
          <CopyButton
            text={text}
            fresh={() => queries.fetchQuery({ ...contextOptions(run), staleTime: 0, retry: false })}
            onCopied={() => setByHand(false)}
            onFailure={() => setByHand(true)}
          >
            Copy to clipboard
          </CopyButton>
        )}
      </div>
      <p className="text-muted">
        Paste it into Claude, Cursor or another chat: it says where the run stands.
      </p>
      {context.isPending && <Loading what="the context" lines={5} />}
      {context.isError && <ProblemNote error={context.error} retry={context.refetch} />}
      <p role="status" className={byHand ? "rounded-lg bg-warn-soft p-2.5" : "sr-only"}>
        {byHand && "The browser does not let this page copy. The text is selected: press Ctrl+C or ⌘C."}
      </p>
      {text !== undefined && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls
        <pre
          ref={block}
          role="group"
          aria-labelledby={heading}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and a keyboard has to reach it
          tabIndex={0}
          onBlur={() => setByHand(false)}
          className="verbatim max-h-56 overflow-y-auto rounded-lg border border-line bg-sunken p-3"
        >
          {text}
        </pre>
      )}
    </section>
  );
}
