/** Light, dark, or as the system has it. */

export type Theme = "system" | "light" | "dark";

const KEY = "autopack.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** What was chosen; a frame that may not keep anything follows the system. */
export function chosenTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it is kept until the page is left.
  }
  show(theme);
}

export function applyTheme(): void {
  show(chosenTheme());
  system.addEventListener("change", () => show(chosenTheme()));
}

function show(theme: Theme): void {
  document.documentElement.dataset["theme"] =
    theme === "system" ? (system.matches ? "dark" : "light") : theme;
}
