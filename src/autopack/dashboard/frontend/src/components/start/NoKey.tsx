import { KeyRound } from "lucide-react";
import { Badge } from "../../ui/Badge";

/** Beside a model that can't be asked: the key of its provider is not set. */
export function NoKey() {
  return (
    <Badge tone="bad" icon={<KeyRound />} className="ml-1.5 align-middle">
      no key
    </Badge>
  );
}
