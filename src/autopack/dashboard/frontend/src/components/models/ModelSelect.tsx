import type { ComponentProps } from "react";
import type { ModelChoice } from "../../api/models";
import { Select } from "../../ui/Select";
import { byProvider } from "./cells";

type Props = Omit<ComponentProps<"select">, "value" | "onChange"> & {
  choices: readonly ModelChoice[];
  value: string;
  onChoose(model: string): void;
};

/** The models that may be chosen, by provider. */
export function ModelSelect({ choices, value, onChoose, ...rest }: Props) {
  const { missing, providers } = byProvider(choices, value);
  return (
    <Select {...rest} value={value} onChange={(event) => onChoose(event.target.value)}>
      {missing !== null && <option value={missing}>{missing}</option>}
      {providers.map(([provider, models]) => (
        <optgroup key={provider} label={provider}>
          {models.map((choice) => (
            <option key={choice.model} value={choice.model}>
              {choice.key_set ? choice.model : `${choice.model} (no key)`}
            </option>
          ))}
        </optgroup>
      ))}
    </Select>
  );
}
