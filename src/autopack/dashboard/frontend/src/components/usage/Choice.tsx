import { useId } from "react";
import { useSearchParams } from "wouter";

type Props<Value extends string> = {
  label: string;
  options: readonly { value: Value; label: string }[];
  value: Value;
  onChange(value: Value): void;
};

/** One of a few: the platform's radio buttons, side by side. */
export function Choice<Value extends string>({ label, options, value, onChange }: Props<Value>) {
  const name = useId();
  return (
    <fieldset className="inline-flex rounded-md border border-edge p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="relative inline-flex min-h-7 cursor-pointer items-center rounded px-2.5 font-medium has-checked:bg-accent has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2 has-checked:text-on-accent not-has-checked:hover:bg-sunken pointer-coarse:min-h-11"
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
            className="absolute inset-0 cursor-pointer appearance-none outline-none"
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}

/** A choice that the address keeps, so that it can be sent to someone and outlives a reload. */
export function useKept<Value extends string>(
  key: string,
  known: readonly Value[],
  usual: Value,
): [Value, (value: Value) => void] {
  const [search, setSearch] = useSearchParams();
  const kept = known.find((one) => one === search.get(key)) ?? usual;
  const keep = (value: Value) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === usual) after.delete(key);
        else after.set(key, value);
        return after;
      },
      { replace: true },
    );
  return [kept, keep];
}
