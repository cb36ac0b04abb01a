import { useQuery } from "@tanstack/react-query";
import { Rocket } from "lucide-react";
import { useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { idempotencyKey, projectsOptions, runListOptions, useCheckPlan, useStart } from "../api/runs";
import { paths } from "../paths";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Loading } from "../ui/Loading";
import { ProblemNote } from "../ui/ProblemNote";
import { useToast } from "../ui/Toasts";
import { type CheckedPlan, type Project, pathToTry } from "./start/look";
import { NoProjects } from "./start/NoProjects";
import { PlanFields } from "./start/PlanFields";
import { PlanLook } from "./start/PlanLook";
import { PlanProblems } from "./start/PlanProblems";
import { RedBaseline } from "./start/RedBaseline";

/** Start is always in sight, what comes of it may be below. */
const intoView = (shown: HTMLElement | null) => shown?.scrollIntoView?.({ block: "nearest" });

type Props = { onClose(): void };

/** Start a run: which project and plan, and before it starts what it would do and cost. */
export function StartDialog({ onClose }: Props) {
  const projects = useQuery(projectsOptions);
  if (projects.data !== undefined && projects.data.projects.length > 0) {
    return <Start projects={projects.data.projects} onClose={onClose} />;
  }
  return (
    <Dialog title="Start a run" onClose={onClose} wide actions={<Button onClick={onClose}>Close</Button>}>
      {projects.isPending ? (
        <Loading what="the projects" />
      ) : projects.isError ? (
        <ProblemNote error={projects.error} retry={projects.refetch} />
      ) : (
        <NoProjects lookAgain={projects.refetch} looking={projects.isFetching} />
      )}
    </Dialog>
  );
}

type Wanted = { project: number; plan_path: string };

/** A plan that was looked at, with a key for each way to start it: asked twice, it is started once. */
type Looked = { of: Wanted; plan: CheckedPlan; keys: { usual: string; red: string } };

function Start({ projects, onClose }: Props & { projects: readonly Project[] }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const [acceptsRed, setAcceptsRed] = useState(false);
  const [looked, setLooked] = useState<Looked | null>(null);
  const latest = useQuery(runListOptions).data?.runs[0];
  const check = useCheckPlan();
  const start = useStart();
  const starting = useRef(false);
  const why = useId();
  const say = useToast();
  const [, go] = useLocation();

  const there = projects.filter((one) => one.there);
  const project =
    projects.find((one) => one.id === chosen) ??
    there.find((one) => one.path === latest?.repository) ??
    there[0];
  const path = typed ?? pathToTry(project);
  const isWanted = (of: Wanted | undefined) => of?.project === project?.id && of?.plan_path === path.trim();
  const fresh = looked !== null && isWanted(looked.of) ? looked : null;
  const lookIsOfThis = isWanted(check.variables as Wanted | undefined);

  const look = () => {
    if (project === undefined) return;
    const of = { project: project.id, plan_path: path.trim() };
    setLooked(null);
    start.reset();
    check.mutate(of, {
      onSuccess: (plan) => setLooked({ of, plan, keys: { usual: idempotencyKey(), red: idempotencyKey() } }),
    });
  };
  const run = ({ of, plan, keys }: Looked) => {
    if (starting.current) return;
    starting.current = true;
    start.mutate(
      {
        plan: { ...of, digest: plan.digest, accept_red_baseline: acceptsRed },
        key: acceptsRed ? keys.red : keys.usual,
      },
      {
        onSuccess: ({ run_id, notices }) => {
          say(`${plan.name} is started`, notices.join(" "));
          onClose();
          go(paths.run(run_id));
        },
        onSettled: () => {
          starting.current = false;
        },
      },
    );
  };
  return (
    <Dialog
      title="Start a run"
      onClose={onClose}
      wide
      actions={
        <>
          <p id={why} className="sr-only mr-auto self-center text-muted sm:not-sr-only">
            {fresh === null && "Look at the plan first."}
          </p>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            icon={<Rocket />}
            disabled={fresh === null}
            busy={start.isPending}
            aria-describedby={why}
            onClick={() => fresh !== null && run(fresh)}
          >
            Start
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        <PlanFields
          projects={projects}
          project={project}
          path={path}
          looking={check.isPending && lookIsOfThis}
          looked={fresh !== null}
          disabled={start.isPending}
          onProject={setChosen}
          onPath={setTyped}
          onLook={look}
        />
        {check.isPending && lookIsOfThis && <Loading what="the plan" lines={4} />}
        {check.isError && lookIsOfThis && <PlanProblems error={check.error} />}
        {looked !== null && fresh === null && (
          <p role="status" className="rounded-lg bg-warn-soft p-2.5">
            You chose another project or plan. Look at it before it starts.
          </p>
        )}
        {fresh !== null && (
          <>
            <PlanLook plan={fresh.plan} />
            <RedBaseline accepted={acceptsRed} disabled={start.isPending} onAccept={setAcceptsRed} />
          </>
        )}
        {fresh !== null && start.isError && (
          <div ref={intoView}>
            <PlanProblems error={start.error} />
          </div>
        )}
      </div>
    </Dialog>
  );
}
