import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { cell, choice, choices } from "../../testing/modelFixtures";
import { renderPage } from "../../testing/page";
import { ChangeDialog } from "./ChangeDialog";

function show(model: string) {
  const known = [...choices.models, choice("gpt-new", { priced: false })];
  const other = cell({ role: "auditor", model: "claude-haiku-5-5" });
  return renderPage(
    <ChangeDialog
      row={cell()}
      model={model}
      choices={known}
      other={other}
      run={null}
      onClose={() => undefined}
    />,
    {},
  );
}

test("a model of the other role's family is cautioned against, until another is chosen", async () => {
  const page = show("claude-sonnet-5-5");
  expect(screen.getByText(/The Auditor here is of the same family, claude/)).toBeTruthy();
  await page.user.selectOptions(screen.getByRole("combobox", { name: "New model" }), "gpt-6.1-terra");
  expect(screen.queryByText(/of the same family/)).toBeNull();
});

test("a model without a price or a key is cautioned against", async () => {
  const page = show("gpt-new");
  expect(screen.getByText(/its cost will be unknown/)).toBeTruthy();
  expect(screen.queryByText(/is not set/)).toBeNull();
  await page.user.selectOptions(screen.getByRole("combobox", { name: "New model" }), "gpt-6.1-terra");
  expect(screen.getByText(/The key of openai is not set/)).toBeTruthy();
});
