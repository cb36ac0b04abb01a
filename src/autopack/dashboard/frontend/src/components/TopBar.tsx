import { useQuery } from "@tanstack/react-query";
import {
  Activity,
  CirclePause,
  ListTree,
  Monitor,
  Moon,
  Pause,
  Play,
  Rocket,
  Sun,
  Wifi,
  WifiOff,
} from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { type Run, statusOptions } from "../api/runs";
import { usageOptions } from "../api/usage";
import icon from "../icon.svg";
import { useLive } from "../live/LiveProvider";
import { paths } from "../paths";
import { chooseTheme, chosenTheme, type Theme } from "../theme";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";
import { clock, count, share } from "../words/format";
import { capTone, hasEnded, standing } from "../words/states";
import { RunControls } from "./RunControls";
import { StartDialog } from "./StartDialog";
import { usedShares } from "./usage/words";

type Props = { runs: readonly Run[]; chosen: string | null; view: "run" | "usage" };

/** Which run, the buttons that steer it, what is used, and whether the page is live. */
export function TopBar({ runs, chosen, view }: Props) {
  const [starting, setStarting] = useState(false);
  const listed = runs.find((one) => one.run_id === chosen);
  // An older run than those in the list has its address, and its buttons.
  const own = useQuery({ ...statusOptions(chosen ?? ""), enabled: chosen !== null && listed === undefined });
  const run = listed ?? own.data;
  return (
    <header className="not-printed top-0 z-30 border-line border-b bg-surface/95 backdrop-blur sm:sticky">
      <div className="mx-auto flex w-full max-w-[110rem] flex-wrap items-center gap-x-2 gap-y-2 px-3 py-2 sm:px-4">
        <Link
          href={paths.home}
          className="flex items-center gap-2 rounded-md"
          aria-label="Autopack: the latest run"
        >
          <img src={icon} alt="" className="size-7" />
          <span className="hidden font-semibold text-base sm:inline">Autopack</span>
        </Link>
        <RunSelect runs={runs} chosen={chosen} view={view} />
        <div className="flex flex-wrap items-center gap-1.5">
          <Button kind="primary" icon={<Rocket />} onClick={() => setStarting(true)}>
            Start
          </Button>
          {run !== undefined && <RunControls key={run.run_id} run={run} />}
        </div>
        <div className="flex flex-wrap items-center gap-1.5 sm:ml-auto">
          <PoolBadges run={chosen} />
          <Views chosen={chosen} view={view} />
          <Connection />
          <ThemeButton />
        </div>
      </div>
      {starting && <StartDialog onClose={() => setStarting(false)} />}
    </header>
  );
}

/** Runs that need someone first, then those at work, then the ended ones. */
function RunSelect({ runs, chosen, view }: Props) {
  const [, go] = useLocation();
  const groups: [string, Run[]][] = [
    ["Needs you", runs.filter((run) => run.needs_you && !hasEnded(run.state))],
    ["Working", runs.filter((run) => !run.needs_you && !hasEnded(run.state))],
    ["Ended", runs.filter((run) => hasEnded(run.state))],
  ];
  const known = chosen === null || runs.some((run) => run.run_id === chosen);
  return (
    <Select
      aria-label="Run"
      className="min-w-40 max-w-72 grow max-sm:w-40 sm:grow-0"
      value={chosen ?? ""}
      disabled={runs.length === 0}
      onChange={(event) =>
        go(view === "usage" ? paths.usage(event.target.value) : paths.run(event.target.value))
      }
    >
      {runs.length === 0 && <option value="">No runs yet</option>}
      {!known && <option value={chosen}>{chosen}</option>}
      {groups.map(
        ([name, members]) =>
          members.length > 0 && (
            <optgroup key={name} label={name}>
              {members.map((run) => (
                <option key={run.run_id} value={run.run_id}>
                  {`${run.plan} · ${standing(run).label} · ${clock(run.created_at)}`}
                </option>
              ))}
            </optgroup>
          ),
      )}
    </Select>
  );
}

/** The used share of each pool that has a cap or whose account tells, of its fullest window; the fullest first. */
function PoolBadges({ run }: { run: string | null }) {
  const { data } = useQuery(usageOptions("week"));
  const shares = (data?.pools ?? []).flatMap((pool) => {
    const used = usedShares(pool);
    return used.length === 0 ? [] : [{ pool: pool.pool, used: Math.max(...used) }];
  });
  if (shares.length === 0) return null;
  shares.sort((one, two) => two.used - one.used);
  return (
    <ul aria-label="Used share of each quota" className="flex flex-wrap gap-1">
      {shares.map(({ pool, used }) => (
        <li key={pool}>
          <Link href={paths.usage(run)} className="block rounded-full">
            <Badge tone={capTone(used)} title={`${pool}: ${share(used)} of its fullest window is used`}>
              {pool} {share(used)}
              {used >= 80 && (
                <>
                  <span aria-hidden>{used >= 90 ? " !!" : " !"}</span>
                  <span className="sr-only">{fullness(used)}</span>
                </>
              )}
            </Badge>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function fullness(used: number): string {
  return used >= 100 ? ", used up" : used >= 90 ? ", almost used up" : ", filling up";
}

function Views({ chosen, view }: { chosen: string | null; view: Props["view"] }) {
  const here = "bg-accent-soft text-accent";
  const plain = "text-ink hover:bg-sunken";
  const shape =
    "inline-flex min-h-8 items-center gap-1.5 rounded-md px-2.5 py-1 font-medium pointer-coarse:min-h-11 max-2xl:[&>svg]:hidden [&>svg]:size-4";
  return (
    <nav aria-label="Views" className="flex gap-1">
      <Link
        href={chosen === null ? paths.home : paths.run(chosen)}
        aria-current={view === "run" ? "page" : undefined}
        className={`${shape} ${view === "run" ? here : plain}`}
      >
        <ListTree aria-hidden />
        Run
      </Link>
      <Link
        href={paths.usage(chosen)}
        aria-current={view === "usage" ? "page" : undefined}
        className={`${shape} ${view === "usage" ? here : plain}`}
      >
        <Activity aria-hidden />
        Usage
      </Link>
    </nav>
  );
}

const LINKS = {
  connecting: { label: "Connecting", tone: "neutral", icon: <Wifi /> },
  live: { label: "Live", tone: "good", icon: <Wifi /> },
  polling: { label: "Every 5 s", tone: "warn", icon: <WifiOff /> },
  offline: { label: "Offline", tone: "bad", icon: <WifiOff /> },
} as const;

const LINK_TITLES = {
  connecting: "The live feed is being opened.",
  live: "Changes are shown as they happen.",
  polling: "The live feed is cut: the page asks every 5 seconds, and connects again by itself.",
  offline: "The service does not answer. What is shown may be old; the page tries again every 5 seconds.",
};

/** Whether the page is live, and the button that holds it while one reads. */
function Connection() {
  const live = useLive();
  const { label, tone, icon } = LINKS[live.link];
  return (
    <div className="flex items-center gap-1">
      <span role="status" aria-label="Connection" className="flex">
        {live.held ? (
          <Badge tone="wait" icon={<CirclePause />} title="Nothing moves while you read.">
            Held
          </Badge>
        ) : (
          <Badge tone={tone} icon={icon} title={LINK_TITLES[live.link]}>
            {label}
          </Badge>
        )}
      </span>
      {live.missed > 0 && <Badge tone="wait">{count(live.missed, "change")}</Badge>}
      <Button
        kind="quiet"
        icon={live.held ? <Play /> : <Pause />}
        iconOnly
        title={live.held ? "Go on with live updates" : "Hold live updates while reading"}
        onClick={live.held ? live.release : live.hold}
      >
        {live.held ? "Go on with live updates" : "Hold live updates"}
      </Button>
    </div>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const THEME_ICONS = { system: <Monitor />, light: <Sun />, dark: <Moon /> };

function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <Button
      kind="quiet"
      icon={THEME_ICONS[theme]}
      iconOnly
      title={`Theme: ${theme}`}
      onClick={() => {
        chooseTheme(NEXT[theme]);
        setTheme(NEXT[theme]);
      }}
    >
      {`Theme: ${theme}. Change to ${NEXT[theme]}`}
    </Button>
  );
}
