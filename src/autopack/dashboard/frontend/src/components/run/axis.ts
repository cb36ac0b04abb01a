import type { Outline } from "../../api/runs";
import { secondsBetween } from "../../words/format";

type Wait = Outline["waits"][number];

/** A stretch of the axis: in which time it lies, and from where to where it is drawn (0 to 1). */
export type Stretch = { from: number; to: number; left: number; right: number; wait: Wait | null };

export type Axis = {
  stretches: readonly Stretch[];
  /** Where an instant is drawn, 0 to 1. */
  at(instant: string): number;
  begin: string;
  end: string;
};

/** A wait is drawn at most this wide, of all that was worked: a night's pause would leave hours of work a hair. */
const WAIT_SHARE = 0.06;

/**
 * The time of a run from left to right. Work is to scale; waits are, up to a width.
 *
 * Linear in each stretch, and monotonous: what happened later is never drawn further left.
 */
export function axisOf(begin: string, end: string, waits: readonly Wait[]): Axis {
  const start = Date.parse(begin);
  const stop = Math.max(Date.parse(end), start + 1_000);
  const parts: { from: number; to: number; wait: Wait | null }[] = [];
  let at = start;
  for (const wait of waits) {
    const from = clamp(Date.parse(wait.started_at), at, stop);
    const to = clamp(wait.ended_at === null ? stop : Date.parse(wait.ended_at), from, stop);
    if (from > at) parts.push({ from: at, to: from, wait: null });
    if (to > from) parts.push({ from, to, wait });
    at = to;
  }
  if (stop > at) parts.push({ from: at, to: stop, wait: null });
  const worked = parts.reduce((sum, one) => sum + (one.wait === null ? one.to - one.from : 0), 0);
  const widest = Math.max(worked * WAIT_SHARE, 1);
  const weight = (one: (typeof parts)[number]) =>
    one.wait === null || worked === 0 ? one.to - one.from : Math.min(one.to - one.from, widest);
  const whole = parts.reduce((sum, one) => sum + weight(one), 0);
  let left = 0;
  const stretches = parts.map((one) => {
    const right = left + weight(one) / whole;
    const stretch = { ...one, left, right };
    left = right;
    return stretch;
  });
  return { stretches, at: (instant) => placed(stretches, Date.parse(instant)), begin, end };
}

function placed(stretches: readonly Stretch[], instant: number): number {
  const found = stretches.find((one) => instant < one.to) ?? stretches.at(-1);
  if (found === undefined) return 0;
  const inside = clamp((instant - found.from) / (found.to - found.from), 0, 1);
  return found.left + inside * (found.right - found.left);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Seconds between two instants, without the run's waits in between. */
export function workedSeconds(from: string, to: string, waits: readonly Wait[]): number {
  let seconds = secondsBetween(from, to);
  for (const wait of waits) {
    const begun = Math.max(Date.parse(from), Date.parse(wait.started_at));
    const over = Math.min(
      Date.parse(to),
      wait.ended_at === null ? Date.parse(to) : Date.parse(wait.ended_at),
    );
    seconds -= Math.max(0, (over - begun) / 1_000);
  }
  return Math.max(0, seconds);
}
