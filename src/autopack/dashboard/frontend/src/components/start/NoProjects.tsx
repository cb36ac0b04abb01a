import { RotateCw } from "lucide-react";
import { Button } from "../../ui/Button";

type Props = { looking: boolean; lookAgain(): void };

/** Where there is nothing to choose from: how to have a project. */
export function NoProjects({ looking, lookAgain }: Props) {
  return (
    <div className="space-y-3">
      <p>
        <strong>No project is registered yet.</strong> A project is a git repository that Autopack may work
        on. In a terminal:
      </p>
      <pre className="verbatim rounded-lg bg-sunken p-3">
        {
          "# in the repository: writes a first plan\nautopack init\n\n# or where there is a plan already\nautopack project add DIR"
        }
      </pre>
      <Button icon={<RotateCw />} busy={looking} onClick={lookAgain}>
        Look again
      </Button>
    </div>
  );
}
