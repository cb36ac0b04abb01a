import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { Link, Redirect, Route, Switch, useRoute } from "wouter";
import { ApiError } from "./api/client";
import { type Run, runListOptions, statusOptions } from "./api/runs";
import { InterventionHelpers } from "./components/InterventionHelpers";
import { ModelMapping } from "./components/ModelMapping";
import { NoRuns } from "./components/NoRuns";
import { RunProgress } from "./components/RunProgress";
import { TopBar } from "./components/TopBar";
import { paths } from "./paths";
import { Loading } from "./ui/Loading";
import { Notice } from "./ui/Notice";
import { ProblemNote } from "./ui/ProblemNote";
import { hasEnded } from "./words/states";
import { visible } from "./words/visible";

const UsagePanel = lazy(() => import("./components/UsagePanel"));

/** The page: the bar on top, and below it a run, or what is used of every quota. */
export function App() {
  const list = useQuery(runListOptions);
  const [, pinned] = useRoute("/view/runs/:run/*?");
  const [usage] = useRoute("/view/usage/:run?");
  const [, ofUsage] = useRoute("/view/usage/:run");
  const chosen = pinned?.run ?? ofUsage?.run ?? latest(list.data?.runs ?? [])?.run_id ?? null;
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-md focus:bg-surface focus:px-3 focus:py-2"
      >
        Skip to the content
      </a>
      <TopBar runs={list.data?.runs ?? []} chosen={chosen} view={usage ? "usage" : "run"} />
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[110rem] grow p-3 outline-none sm:p-4">
        <Switch>
          <Route path="/view/usage/:run?">
            <Suspense fallback={<Loading what="usage" lines={8} />}>
              <UsagePanel />
            </Suspense>
          </Route>
          <Route path="/view/runs/:run/phases/:phase">
            {({ run, phase }) => <RunView run={run} phase={Number(phase)} />}
          </Route>
          <Route path="/view/runs/:run">{({ run }) => <RunView run={run} phase={null} />}</Route>
          <Route path="/">
            {chosen !== null ? (
              <RunView run={chosen} phase={null} />
            ) : list.isPending ? (
              <Loading what="runs" lines={6} />
            ) : list.isError ? (
              <ProblemNote error={list.error} retry={list.refetch} />
            ) : (
              <Columns aside={<ModelMapping run={null} />}>
                <NoRuns />
              </Columns>
            )}
          </Route>
          <Route>
            <Redirect to={paths.home} replace />
          </Route>
        </Switch>
      </main>
    </div>
  );
}

/** What one looks for first: the newest run that goes on, else the newest. */
export function latest(runs: readonly Run[]): Run | undefined {
  return runs.find((run) => !hasEnded(run.state)) ?? runs[0];
}

function RunView({ run, phase }: { run: string; phase: number | null }) {
  const status = useQuery(statusOptions(run));
  if (status.isPending) return <Loading what="the run" lines={8} />;
  if (status.isError && status.data === undefined) {
    if (status.error instanceof ApiError && WRONG_ADDRESS.has(status.error.status))
      return <NoSuchRun run={run} />;
    return <ProblemNote error={status.error} retry={status.refetch} />;
  }
  return (
    <Columns
      aside={
        <>
          <ModelMapping run={status.data} />
          <InterventionHelpers run={status.data} />
        </>
      }
    >
      <RunProgress run={status.data} phase={phase} />
    </Columns>
  );
}

/** What the service says to an id that is none, or of no run. */
const WRONG_ADDRESS = new Set([404, 422]);

function NoSuchRun({ run }: { run: string }) {
  return (
    <Notice title={`There is no run ${visible(run)}`}>
      <p>The address may be of another home, or not whole.</p>
      <Link href={paths.home} className="text-accent underline">
        Show the latest run
      </Link>
    </Notice>
  );
}

/** What one looks at, and on a wide screen beside it what one changes. */
function Columns({ children, aside }: { children: ReactNode; aside: ReactNode }) {
  return (
    <div className="grid items-start gap-3 sm:gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(22rem,26rem)] lg:grid-rows-[auto_1fr]">
      <div className="min-w-0 lg:row-span-2">{children}</div>
      {aside}
    </div>
  );
}
