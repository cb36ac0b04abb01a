import { Eye } from "lucide-react";
import { useId } from "react";
import { Button } from "../../ui/Button";
import { Select } from "../../ui/Select";
import { type Project, USUAL_PATH } from "./look";

type Props = {
  projects: readonly Project[];
  project: Project | undefined;
  path: string;
  looking: boolean;
  looked: boolean;
  disabled: boolean;
  onProject(id: number): void;
  onPath(path: string): void;
  onLook(): void;
};

/** Which project and which plan of it. */
export function PlanFields(props: Props) {
  const { projects, project, path, looking, looked, disabled, onProject, onPath, onLook } = props;
  const ids = { project: useId(), path: useId(), plans: useId(), hint: useId() };
  const plans = project?.plans ?? [];
  const gone = projects.filter((one) => !one.there);
  return (
    <form
      className="grid gap-3 sm:grid-cols-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (!looking) onLook();
      }}
    >
      <div className="min-w-0 space-y-1">
        <label htmlFor={ids.project} className="block font-medium">
          Project
        </label>
        <Select
          id={ids.project}
          className="w-full"
          value={project?.id ?? ""}
          disabled={disabled}
          onChange={(event) => onProject(Number(event.target.value))}
        >
          {project === undefined && <option value="">None is there</option>}
          {projects.map((one) => (
            <option key={one.id} value={one.id} disabled={!one.there}>
              {one.there ? one.name : `${one.name} (folder not there)`}
            </option>
          ))}
        </Select>
        {project !== undefined && <p className="text-muted text-xs wrap-anywhere">{project.path}</p>}
        {project === undefined && gone.length > 0 && (
          <p className="text-muted text-xs wrap-anywhere">
            {`Not there: ${gone.map((one) => one.path).join(", ")}. Bring a folder back, or register where it is now: autopack project add DIR`}
          </p>
        )}
      </div>
      <div className="min-w-0 space-y-1">
        <label htmlFor={ids.path} className="block font-medium">
          Plan
        </label>
        <input
          id={ids.path}
          list={ids.plans}
          value={path}
          disabled={disabled}
          required
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          aria-describedby={ids.hint}
          onChange={(event) => onPath(event.target.value)}
          className="min-h-8 w-full rounded-md border border-edge bg-surface px-2 py-1 disabled:opacity-55 pointer-coarse:min-h-11"
        />
        <datalist id={ids.plans}>
          {plans.length === 0 && <option value={USUAL_PATH} />}
          {plans.map((plan) => (
            <option key={plan.path} value={plan.path}>
              {plan.name ?? ""}
            </option>
          ))}
        </datalist>
        <p id={ids.hint} className="text-muted text-xs">
          A file in the project, from its top.
        </p>
      </div>
      <Button
        type="submit"
        kind={looked ? "plain" : "primary"}
        icon={<Eye />}
        busy={looking}
        disabled={disabled || project === undefined || path.trim() === ""}
        className="justify-self-start sm:col-span-2"
      >
        {looked ? "Look again" : "Look at the plan"}
      </Button>
    </form>
  );
}
