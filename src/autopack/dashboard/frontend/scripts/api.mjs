// Writes src/api/schema.ts from docs/openapi.json; with --check, says whether it is fresh.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const document = new URL("../../../../../docs/openapi.json", import.meta.url);
const schema = new URL("../src/api/schema.ts", import.meta.url);
const head = "// Written by `npm run api` from docs/openapi.json; don't edit it.\n\n";

const made = head + astToString(await openapiTS(document, { defaultNonNullable: false }));
if (process.argv.includes("--check")) {
  const kept = await readFile(schema, "utf8").catch(() => "");
  if (kept !== made) {
    console.error("src/api/schema.ts is not what docs/openapi.json says: run `npm run api`.");
    process.exit(1);
  }
} else {
  await writeFile(schema, made);
}
