/** What states, reasons and outcomes are called on the page, and which tone they have. */

import { clock, words } from "./format";

export type Tone = "neutral" | "run" | "good" | "warn" | "bad" | "wait";

export type Standing = {
  state: string;
  driven: boolean;
  interrupted: boolean;
  waits_for: string | null;
  resumes_at: string | null;
  end_reason: string | null;
  started_at: string | null;
};

/** The state of a run in words: what is going on, and not only which column it is in. */
export function standing(run: Standing): { label: string; tone: Tone } {
  if (run.interrupted) return { label: "interrupted", tone: "warn" };
  switch (run.state) {
    case "queued":
      return { label: "queued", tone: "wait" };
    case "in_progress":
      return run.driven ? { label: "in progress", tone: "run" } : { label: "about to go on", tone: "wait" };
    case "pausing":
    case "cancelling":
      return { label: run.state, tone: "wait" };
    case "paused":
      return { label: "paused", tone: run.waits_for === null || run.waits_for === "asked" ? "wait" : "warn" };
    case "scheduled":
      return {
        label: run.resumes_at ? `scheduled · resumes ${clock(run.resumes_at)}` : "scheduled",
        tone: "wait",
      };
    case "succeeded":
      return { label: "succeeded", tone: "good" };
    case "failed":
      return { label: "failed", tone: "bad" };
    case "cancelled":
      return { label: "stopped", tone: "neutral" };
    default:
      return { label: words(run.state), tone: "neutral" };
  }
}

/** Why it is in that state, and what to do about it; null where the state says it all. */
export function reason(run: Standing): string | null {
  if (run.waits_for !== null) return waiting(run.waits_for);
  if (run.interrupted) {
    return run.started_at === null
      ? "No process takes it up. Resume it."
      : "The process that drove it is gone. Resume it; nothing that was committed or answered is lost.";
  }
  if (run.end_reason !== null) return ended(run.end_reason);
  switch (run.state) {
    case "queued":
      return "It waits for its turn.";
    case "in_progress":
      return run.driven ? null : "A process takes it up in a moment.";
    case "pausing":
      return "It stops before its next step.";
    case "cancelling":
      return "It is being stopped. What is committed stays.";
    default:
      return null;
  }
}

const WAITING: Record<string, string> = {
  asked: "Paused on request. It goes on when you resume it.",
  budget_reached: "The plan's budget is reached. Raise it by amending the plan, then resume.",
  quota_reset: "No model has quota left. It goes on by itself when there is room again.",
  cannot_start: "A key or the sandbox is missing where it was to be driven.",
  branch_checked_out: "You have the run's branch checked out. Check out another one, then resume.",
  provider_unreachable: "A provider can't be reached. Resume when it is back.",
  disk_full: "The disk is full. Make room, then resume.",
  disk_unusable: "The disk can't be written to.",
  database_locked: "Another process holds the database.",
  database_unreachable: "The database can't be reached.",
  repository_unreachable: "The repository's folder is not there.",
};

/** Why a run does not go on, and what to do about it. */
export function waiting(reason: string): string {
  return WAITING[reason] ?? `It waits: ${words(reason)}.`;
}

const ENDED: Record<string, string> = {
  completed: "Every phase is done.",
  attempts_exhausted: "A phase used up its attempts.",
  baseline_red: "The untouched commit fails its own checks, so nothing was spent.",
  setup_failed: "The plan's setup failed.",
  provider_refused: "A provider refused the request.",
  unavailable: "Something outside Autopack was missing.",
  branch_moved: "Somebody else moved the run's branch.",
  budget_reached: "The plan's budget is reached.",
  quota_reached: "No quota was left for critical work, which never goes to another model.",
  time_limit: "A time limit was reached.",
  stalled: "Nothing moved for too long.",
  cancelled: "It was stopped on request. What is committed stays.",
  internal_error: "Autopack itself failed. This is a defect.",
};

/** Why a run ended. */
export function ended(reason: string): string {
  return ENDED[reason] ?? `${words(reason)}.`;
}

/** How an attempt ended, in words. */
export function outcomeWords(outcome: string): string {
  return outcome === "open" ? "under way" : words(outcome);
}

export function outcomeTone(outcome: string): Tone {
  if (outcome === "committed") return "good";
  return outcome === "open" ? "run" : outcome === "skipped" ? "neutral" : "bad";
}

/** The seed's colours: green, yellow from 80 %, red from 90 %. */
export function capTone(share: number): "good" | "warn" | "bad" {
  return share >= 90 ? "bad" : share >= 80 ? "warn" : "good";
}

const ENDED_STATES = new Set(["succeeded", "failed", "cancelled"]);

export function hasEnded(state: string): boolean {
  return ENDED_STATES.has(state);
}
