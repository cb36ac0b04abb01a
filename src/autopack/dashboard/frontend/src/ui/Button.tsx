import clsx from "clsx";
import type { ComponentProps, ReactNode } from "react";

const KINDS = {
  primary: "border-transparent bg-accent text-on-accent hover:opacity-90",
  plain: "border-edge bg-surface text-ink hover:bg-sunken",
  quiet: "border-transparent bg-transparent text-ink hover:bg-sunken",
  danger: "border-bad bg-surface text-bad hover:bg-bad-soft",
};

type Props = Omit<ComponentProps<"button">, "children"> & {
  kind?: keyof typeof KINDS;
  icon?: ReactNode;
  /** The text is for screen readers, and the button as wide as its icon. */
  iconOnly?: boolean;
  busy?: boolean;
  children: ReactNode;
};

/** A button. Where it is busy it can't be pressed again, and says so. */
export function Button({
  kind = "plain",
  icon,
  iconOnly,
  busy,
  children,
  className,
  disabled,
  ...rest
}: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={clsx(
        "inline-flex min-h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border px-2.5 py-1",
        "font-medium whitespace-nowrap transition-colors disabled:cursor-not-allowed disabled:opacity-55",
        "aria-pressed:border-edge aria-pressed:bg-sunken",
        "pointer-coarse:min-h-11",
        iconOnly && "min-w-8 px-1.5 pointer-coarse:min-w-11",
        KINDS[kind],
        className,
      )}
    >
      {icon !== undefined && (
        <span aria-hidden className="[&>svg]:size-4">
          {icon}
        </span>
      )}
      <span className={iconOnly ? "sr-only" : undefined}>{children}</span>
    </button>
  );
}
