/** Where a window of a quota is going. Pure: the moment is the answer's own. */

import type { QuotaWindow } from "../../api/usage";
import { clock, count, duration, secondsBetween, share } from "../../words/format";
import { capTone } from "../../words/states";
import { amount } from "./words";

/** Calls without a price are in it, and a cap in dollars can't count them: it lets none pass. */
export function isBlocked(window: QuotaWindow): boolean {
  return window.unit === "usd" && window.cap !== null && window.unpriced_calls > 0;
}

/**
 * The share of the cap, in percent, that use at this rate leads to: at the reset, or where a rolling window
 * levels off. Null where there is no cap.
 */
export function projectedPercent(window: QuotaWindow, now: string): number | null {
  const cap = Number(window.cap ?? 0);
  if (cap === 0) return null;
  const perHour = Number(window.burn_per_hour);
  const hours = (from: string, to: string) => Math.max(0, secondsBetween(from, to) / 3_600);
  const reached =
    window.resets_at === null
      ? perHour * hours(window.since, now)
      : Number(window.spent) + perHour * hours(now, window.resets_at);
  return (reached / cap) * 100;
}

/** How a window stands, in a word or two. */
export function standingOf(window: QuotaWindow): {
  label: string;
  tone: "neutral" | "good" | "warn" | "bad";
} {
  if (window.percent === null) return { label: "no cap", tone: "neutral" };
  if (isBlocked(window)) return { label: "blocked", tone: "bad" };
  if (window.percent >= 100) return { label: "full", tone: "bad" };
  const tone = capTone(window.percent);
  return { label: { good: "room left", warn: "filling up", bad: "almost full" }[tone], tone };
}

/** What happens if use goes on as it did. */
export function forecast(window: QuotaWindow, now: string): string {
  const hours = toTheMinute(Math.max(1, Math.floor(window.burn_hours)) * 3_600);
  if (Number(window.burn_per_hour) === 0) return `Nothing was used in the last ${hours}.`;
  const rate = `${amount(window.burn_per_hour, window.unit)} an hour`;
  const measured = `${rate}, as in the last ${hours}`;
  const projected = projectedPercent(window, now);
  if (projected === null) return `Used at ${measured}.`;
  const { exhausted_at } = window;
  if (exhausted_at !== null) {
    const left = secondsBetween(now, exhausted_at);
    if (left <= 0) return `The cap is reached. Used at ${measured}.`;
    return `At ${measured}, the cap is reached ${at(exhausted_at, now)}.`;
  }
  return window.resets_at === null
    ? `At ${measured}, it levels off at ${share(projected)}.`
    : `At ${measured}, it is at ${share(projected)} when it resets.`;
}

/** When room comes back by itself. */
export function comesBack(window: QuotaWindow, now: string): string {
  if (window.resets_at !== null) return `Resets ${at(window.resets_at, now)}.`;
  if (window.oldest_leaves_at === null) return "Rolling. Nothing is in it.";
  return `Rolling. The oldest usage leaves it ${at(window.oldest_leaves_at, now)}.`;
}

/** Why a cap in dollars lets nothing pass. */
export function blockedBecause(window: QuotaWindow): string {
  const calls = count(window.unpriced_calls, "call");
  return `${calls} in it ${window.unpriced_calls === 1 ? "has" : "have"} no known price. A cap in dollars can't count them, so it lets no call pass.`;
}

/** An instant, and how long it is until then. */
export function at(instant: string, now: string): string {
  return `${clock(instant, new Date(now))} (in\u00a0${toTheMinute(secondsBetween(now, instant)).replaceAll(" ", "\u00a0")})`;
}

function toTheMinute(seconds: number): string {
  return duration(Math.max(60, Math.round(seconds / 60) * 60)).replace(/ (0 h|00 min|00 s)$/, "");
}
