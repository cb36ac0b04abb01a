import { cleanup } from "@testing-library/react";
import { afterEach, expect } from "vitest";

afterEach(cleanup);

// What React warns of is an error: two parts with one key, a state that changes outside a test's hands.
const warned: string[] = [];
console.error = (...said: unknown[]) => void warned.push(said.map(String).join(" "));
afterEach(() => expect(warned.splice(0)).toEqual([]));

// What jsdom has not: nothing of ours.
window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
})) as unknown as typeof window.matchMedia;

window.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

Element.prototype.scrollIntoView ??= () => undefined;

/** A feed that says nothing: what events do is tested in live/. */
class SilentEventSource extends EventTarget {
  close() {}
}
window.EventSource ??= SilentEventSource as unknown as typeof EventSource;

// The top layer and its Escape: as the HTML standard has them, as far as tests see it.
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  before.set(this, document.activeElement);
  this.setAttribute("open", "");
  this.addEventListener("keydown", closeOnEscape);
  this.querySelector<HTMLElement>("button, [href], input, select, textarea")?.focus();
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  if (!this.hasAttribute("open")) return;
  this.removeAttribute("open");
  this.removeEventListener("keydown", closeOnEscape);
  const opener = before.get(this);
  if (this.isConnected && opener instanceof HTMLElement) opener.focus();
  queueMicrotask(() => this.dispatchEvent(new Event("close")));
};
const before = new WeakMap<HTMLDialogElement, Element | null>();
function closeOnEscape(this: HTMLDialogElement, event: KeyboardEvent) {
  if (event.key !== "Escape") return;
  if (this.dispatchEvent(new Event("cancel", { cancelable: true }))) this.close();
}
