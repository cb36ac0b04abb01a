import { vi } from "vitest";

/** Stands in for the browser's `EventSource`: a test says what comes over it. */
export class Connection extends EventTarget {
  static all: Connection[] = [];
  closed = false;

  constructor(readonly url: string) {
    super();
    Connection.all.push(this);
  }

  close() {
    this.closed = true;
  }

  say(name: string, data: unknown, id?: number) {
    if (this.closed) return;
    const lastEventId = id === undefined ? "" : String(id);
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }));
  }

  ready(id: number) {
    this.say("ready", { as_of: id }, id);
  }

  event(id: number, kind: string, more: object = {}, run_id = "run_20260303_101500_ab12") {
    this.say("feed", { id, kind, run_id, created_at: "2026-03-03T10:20:00Z", ...more }, id);
  }

  fail() {
    if (!this.closed) this.dispatchEvent(new Event("error"));
  }
}

/** Puts it in the browser's place; gives the newest connection. */
export function fakeFeed(): () => Connection {
  Connection.all = [];
  vi.stubGlobal("EventSource", Connection);
  return () => {
    const newest = Connection.all.at(-1);
    if (newest === undefined) throw new Error("The page opened no connection.");
    return newest;
  };
}
