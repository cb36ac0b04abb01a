import { Panel } from "../ui/Panel";

/** What was used of every quota and model. */
export default function UsagePanel() {
  return <Panel title="Usage">…</Panel>;
}
