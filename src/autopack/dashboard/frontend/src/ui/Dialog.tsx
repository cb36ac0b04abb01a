import { X } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./Button";

type Props = {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** What can be done, at the bottom; the last is the likeliest. */
  actions?: ReactNode;
  wide?: boolean;
};

/** A dialog over the page, for as long as it is rendered. Escape and the button close it. */
export function Dialog({ title, onClose, children, actions, wide }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Before it leaves the page: only then does closing it give the focus back to where it was.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      // A browser closes it itself on a second Escape.
      onClose={(event) => {
        if (!event.currentTarget.open) onClose();
      }}
      className={`m-auto max-h-[min(90dvh,52rem)] w-[calc(100%-1.5rem)] flex-col overflow-hidden rounded-xl border border-line bg-surface text-ink shadow-float open:flex ${wide ? "max-w-3xl" : "max-w-md"}`}
    >
      <div className="flex items-center justify-between gap-3 border-line border-b px-4 py-2.5">
        <h2 id={heading} className="font-semibold text-base">
          {title}
        </h2>
        <Button kind="quiet" icon={<X />} iconOnly onClick={onClose}>
          Close
        </Button>
      </div>
      <div className="min-h-0 overflow-y-auto px-4 py-3">{children}</div>
      {actions !== undefined && (
        <div className="flex flex-wrap justify-end gap-2 border-line border-t bg-canvas px-4 py-2.5">
          {actions}
        </div>
      )}
    </dialog>
  );
}
