import clsx from "clsx";
import type { ComponentProps } from "react";

/** The platform's own list to choose from: it has the keyboard, the screen reader and the phone on its side. */
export function Select({ className, ...rest }: ComponentProps<"select">) {
  return (
    <select
      {...rest}
      className={clsx(
        "min-h-8 max-w-full rounded-md border border-edge bg-surface px-2 py-1 text-ink pointer-coarse:min-h-11",
        "truncate disabled:cursor-not-allowed disabled:opacity-55",
        className,
      )}
    />
  );
}
