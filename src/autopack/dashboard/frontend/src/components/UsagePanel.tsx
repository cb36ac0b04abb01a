import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Period, type Usage, usageOptions } from "../api/usage";
import { useLive } from "../live/LiveProvider";
import { Loading } from "../ui/Loading";
import { Notice } from "../ui/Notice";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/ProblemNote";
import { clock, fully } from "../words/format";
import { Choice, useKept } from "./usage/Choice";
import { Marks } from "./usage/Marks";
import { ModelsTable } from "./usage/ModelsTable";
import { OverTime } from "./usage/OverTime";
import { Quotas } from "./usage/Quotas";
import { RoleClasses } from "./usage/RoleClasses";
import { useSubscribed } from "./usage/subscriptions";
import { Totals } from "./usage/Totals";
import { PERIODS } from "./usage/words";

const CHOICES = (Object.keys(PERIODS) as Period[]).map((value) => ({ value, label: PERIODS[value].label }));
/** Windows roll on also where nothing happens of which the feed could tell. */
const ROLLS_MS = 60_000;

/** What was used of every quota and model. */
export default function UsagePanel() {
  const [period, setPeriod] = useKept<Period>("period", ["day", "week", "month"], "week");
  const { held } = useLive();
  const found = useQuery({
    ...usageOptions(period),
    placeholderData: keepPreviousData,
    refetchInterval: held ? false : ROLLS_MS,
  });
  const { data, error, refetch } = found;
  return (
    <div className="space-y-3 sm:space-y-4">
      <h1 className="sr-only">What was used</h1>
      <Panel
        title="Usage"
        aside={<Choice label="Period" options={CHOICES} value={period} onChange={setPeriod} />}
      >
        {data !== undefined ? (
          <Totals usage={data} />
        ) : error === null ? (
          <Loading what="usage" lines={8} />
        ) : (
          <ProblemNote error={error} retry={refetch} className="mx-4 mb-4" />
        )}
      </Panel>
      {data !== undefined && (
        <>
          {error !== null && <Old usage={data} error={error} retry={refetch} />}
          <Parts usage={data} period={period} waiting={found.isPlaceholderData} />
        </>
      )}
    </div>
  );
}

type PartsProps = { usage: Usage; period: Period; waiting: boolean };

function Parts({ usage, period, waiting }: PartsProps) {
  const { policy_problem } = usage;
  const subscribed = useSubscribed(usage.pools);
  return (
    <div
      aria-busy={waiting}
      className={`space-y-3 transition-opacity sm:space-y-4 ${waiting ? "opacity-60" : ""}`}
    >
      {policy_problem !== null && (
        <Notice title="models.yaml can't be used as it stands. Its last good version counts until it is mended.">
          <p className="verbatim">{policy_problem}</p>
        </Notice>
      )}
      <Quotas usage={usage} />
      <OverTime period={period} subscribed={subscribed} />
      {usage.models.length > 0 && (
        <div className="grid grid-cols-1 items-start gap-3 sm:gap-4 xl:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)]">
          <ModelsTable usage={usage} subscribed={subscribed} />
          <div className="grid grid-cols-1 items-start gap-3 sm:gap-4 md:max-xl:grid-cols-2">
            <RoleClasses usage={usage} />
            <Marks />
          </div>
        </div>
      )}
    </div>
  );
}

type OldProps = { usage: Usage; error: Error; retry: () => unknown };

/** What is shown is old, and why. */
function Old({ usage, error, retry }: OldProps): ReactNode {
  return (
    <div className="space-y-2">
      <Notice title="What is shown may be old.">
        <p>
          It is of{" "}
          <time dateTime={usage.now} title={fully(usage.now)}>
            {clock(usage.now)}
          </time>
          : the service did not answer since.
        </p>
      </Notice>
      <ProblemNote error={error} retry={retry} />
    </div>
  );
}
