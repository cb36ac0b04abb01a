import { describe, expect, it } from "vitest";
import { flowing, visible } from "./visible";

describe("what a model or a command wrote", () => {
  it.each([
    ["a bidirectional override", "if (admin\u202e) {", "if (admin\\u202e) {"],
    ["an isolate", "\u2066x\u2069", "\\u2066x\\u2069"],
    ["a space without width", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["a letter that is drawn as nothing", "a\u3164b\u115f", "a\\u3164b\\u115f"],
    ["text in tags, beyond four digits", "hi\u{e0041}\u{e0042}", "hi\\u{e0041}\\u{e0042}"],
    ["a variation selector that carries data", "x\u{e0100}\ufe01", "x\\u{e0100}\\ufe01"],
    ["a carriage return and a bell", "ok\rno\u0007", "ok\\u000dno\\u0007"],
    ["a line end of Unicode's own", "a\u2028b\u2029c\u0085", "a\\u2028b\\u2029c\\u0085"],
    ["half a surrogate pair", "a\ud800b", "a\\ud800b"],
    ["a terminal's link", "\u001b]8;;http://x\u0007y", "\\u001b]8;;http://x\\u0007y"],
  ])("can't hide %s", (_, written, shown) => {
    expect(visible(written)).toBe(shown);
  });

  it("keeps its lines and tabs, letters of every script, and emoji", () => {
    const text = "one\n\ttwo: é ü 漢字 עברית ⚠️ 🙂";
    expect(visible(text)).toBe(text);
  });

  it("is without the colours of terminals", () => {
    expect(visible("\u001b[1;31mFAILED\u001b[0m tests\u001b[2K")).toBe("FAILED tests");
  });
});

describe("prose that was broken for a terminal", () => {
  it("flows, and keeps its paragraphs and lists", () => {
    const text = "Added a store,  \nwritten at once.\n\nBesides:\n- one\n  more of it\n- two\n1. three";
    expect(flowing(text)).toBe(
      "Added a store, written at once.\n\nBesides:\n- one more of it\n- two\n1. three",
    );
  });
});
