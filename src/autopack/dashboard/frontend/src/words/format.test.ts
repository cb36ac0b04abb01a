import { describe, expect, it } from "vitest";
import { clock, duration, share, tokens, usd } from "./format";

describe("numbers for people", () => {
  it("writes tokens as the command line does", () => {
    expect([950, 24_100, 999_949, 999_950, 3_200_000].map(tokens)).toEqual([
      "950",
      "24.1k",
      "999.9k",
      "1.00M",
      "3.20M",
    ]);
  });

  it("never writes a small price as nothing", () => {
    expect(["0", "0.00000005", "0.0123", "12.3", "1234.567"].map(usd)).toEqual([
      "$0",
      "<$0.0001",
      "$0.0123",
      "$12.30",
      "$1,234.57",
    ]);
  });

  it("writes a share below one percent as such, and none as more than it is", () => {
    expect([0, 0.2, 79.96, 85.4, 104].map(share)).toEqual(["0 %", "< 1 %", "79 %", "85 %", "104 %"]);
  });

  it("writes times by their size", () => {
    expect([8, 65, 7_380, 200_000].map(duration)).toEqual(["8 s", "1 min 05 s", "2 h 03 min", "2 d 7 h"]);
  });

  it("says the day where it is another one", () => {
    const now = new Date("2026-03-03T12:00:00");
    expect(clock(new Date("2026-03-03T14:05:00").toISOString(), now)).toBe("14:05");
    expect(clock(new Date("2026-03-05T14:05:00").toISOString(), now)).toBe("Thu 14:05");
    expect(clock(new Date("2026-05-05T14:05:00").toISOString(), now)).toBe("5 May 14:05");
  });
});
