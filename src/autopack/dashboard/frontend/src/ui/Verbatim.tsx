import { visible } from "../words/visible";
import { Scrollable } from "./Scrollable";

/** What a command or a model wrote, line by line as it stands; on paper all of it. */
export function Verbatim({ label, text }: { label: string; text: string }) {
  return (
    <Scrollable label={label} className="max-h-96 rounded-md bg-sunken print:max-h-none">
      <pre className="verbatim p-2">{visible(text)}</pre>
    </Scrollable>
  );
}
