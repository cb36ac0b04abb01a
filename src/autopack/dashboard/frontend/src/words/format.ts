/** How numbers, money and times are written. Pure; times are in the reader's own zone. */

const WHOLE = new Intl.NumberFormat("en");

export function whole(value: number): string {
  return WHOLE.format(value);
}

/** `950`, `24.1k`, `3.20M`: as the command line writes tokens. */
export function tokens(value: number): string {
  if (value < 1_000) return String(value);
  if (value < 999_950) return `${(value / 1_000).toFixed(1)}k`;
  return value < 999_995_000 ? `${(value / 1e6).toFixed(2)}M` : `${(value / 1e9).toFixed(2)}B`;
}

/** `$12.30`, `$0.0123`, of the API's text; no cent of it is lost on the way: it is only shown. */
export function usd(text: string): string {
  const value = Number(text);
  if (value === 0) return "$0";
  if (value >= 1) {
    return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  }
  return value < 0.0001 ? "<$0.0001" : `$${value.toFixed(4)}`;
}

export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

/** A share of 100 as the panels write it: `< 1 %`, `85 %`, `104 %`. Never more than it is: 80 % is where it warns. */
export function share(value: number): string {
  if (value > 0 && value < 1) return "< 1 %";
  return `${Math.floor(value)} %`;
}

/** `8 s`, `1 min 05 s`, `2 h 03 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  const left = Math.max(0, Math.round(seconds));
  if (left < 60) return `${left} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  if (left < 3_600) return `${Math.floor(left / 60)} min ${pad(left % 60)} s`;
  const minutes = Math.floor(left / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `14:05` today, `Tue 14:05` within the week around, else `3 Mar 14:05`. */
export function clock(instant: string, now: Date = new Date()): string {
  const at = new Date(instant);
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === now.toDateString()) return time;
  if (Math.abs(at.getTime() - now.getTime()) < 6 * 86_400_000) {
    return `${at.toLocaleDateString("en-GB", { weekday: "short" })} ${time}`;
  }
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...year })} ${time}`;
}

/** The whole instant, for titles. */
export function fully(instant: string): string {
  return new Date(instant).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "long" });
}

export function secondsBetween(from: string, to: string | Date): number {
  return ((to instanceof Date ? to : new Date(to)).getTime() - new Date(from).getTime()) / 1_000;
}

/** `attempts_exhausted` as `attempts exhausted`. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** `1 phase`, `2 phases`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${whole(number)} ${number === 1 ? noun : plural}`;
}
