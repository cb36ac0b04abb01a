import { describe, expect, it } from "vitest";
import { axisOf, workedSeconds } from "./axis";

const at = (minute: number) => new Date(Date.UTC(2026, 2, 3, 10, minute)).toISOString();
const wait = (from: number, to: number | null) => ({
  what: "paused" as const,
  reason: "",
  started_at: at(from),
  ended_at: to === null ? null : at(to),
});

describe("the axis of a run", () => {
  it("is to scale where nothing was waited for", () => {
    const axis = axisOf(at(0), at(10), []);
    expect([0, 5, 10].map((minute) => axis.at(at(minute)))).toEqual([0, 0.5, 1]);
  });

  it("draws a long wait narrow, and the work around it to one scale", () => {
    const axis = axisOf(at(0), at(600), [wait(10, 590)]);
    const [before, paused, after] = axis.stretches;
    expect(paused?.wait?.what).toBe("paused");
    expect((paused?.right ?? 0) - (paused?.left ?? 0)).toBeLessThan(0.06);
    expect((before?.right ?? 0) - (before?.left ?? 0)).toBeCloseTo((after?.right ?? 0) - (after?.left ?? 0));
  });

  it("never draws later further left, also at the edges of waits and outside", () => {
    const axis = axisOf(at(0), at(60), [wait(5, 10), wait(10, 30), wait(50, null)]);
    const places = Array.from({ length: 70 }, (_, minute) => axis.at(at(minute - 5)));
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(Math.min(...places)).toBe(0);
    expect(Math.max(...places)).toBeCloseTo(1);
  });

  it("shows a run that has only waited", () => {
    const axis = axisOf(at(0), at(10), [wait(0, null)]);
    expect(axis.stretches.map((one) => [one.left, one.right])).toEqual([[0, 1]]);
  });

  it("counts work without the waits in it", () => {
    expect(workedSeconds(at(0), at(10), [wait(2, 4), wait(9, null)])).toBe(7 * 60);
  });
});
