import { Rocket } from "lucide-react";
import { useState } from "react";
import { Button } from "../ui/Button";
import { StartDialog } from "./StartDialog";

/** What a first visit sees: how to have something to see. */
export function NoRuns() {
  const [starting, setStarting] = useState(false);
  return (
    <div className="mx-auto max-w-xl space-y-4 rounded-xl border border-line bg-surface p-6 shadow-card">
      <h1 className="font-semibold text-lg">No runs yet</h1>
      <p>
        A run works through a plan: a file in your repository that says what to build, in phases that your own
        commands verify. In the repository, once:
      </p>
      <pre className="verbatim rounded-lg bg-sunken p-3">
        {
          "# writes .autopack/plan.yaml\nautopack init\n\n# or start it here\nautopack run .autopack/plan.yaml"
        }
      </pre>
      <p>
        To see one without a key: <code className="font-mono">autopack demo</code> builds a sample with
        simulated models, in about a minute.
      </p>
      <Button kind="primary" icon={<Rocket />} onClick={() => setStarting(true)}>
        Start a run
      </Button>
      {starting && <StartDialog onClose={() => setStarting(false)} />}
    </div>
  );
}
