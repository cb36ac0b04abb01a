import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { App } from "./App";
import { Refusal, renderPage } from "./testing/page";

it.each([
  ["xyz", 422],
  ["run_20260303_101500_ffff", 404],
])("says of an address of no run (%s) that there is none, and leads on", async (run, status) => {
  const refused = new Refusal(status, "not_found", "path.run_id: is no run's id");
  renderPage(
    <App />,
    { "GET /dashboard/runs": { runs: [] }, [`GET /dashboard/runs/${run}/status`]: refused },
    `/view/runs/${run}`,
  );
  expect(await screen.findByText(`There is no run ${run}`)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Show the latest run" }).getAttribute("href")).toBe("/");
  expect(screen.queryByText(/path\.run_id/)).toBeNull();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});
