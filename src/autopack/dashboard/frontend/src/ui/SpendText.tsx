import clsx from "clsx";
import type { Spend } from "../api/runs";
import { count, tokens, usd, whole } from "../words/format";

/**
 * Tokens and dollars of some calls. What is not known is marked: `≥` where calls did not say what they took,
 * `no price` where none is known. Nobody was charged for `~` dollars: a script answered, or a subscription
 * pays and this is the list price.
 */
export function SpendText({ spend, listPrice = false }: { spend: Spend; listPrice?: boolean }) {
  return (
    <span title={explained(spend, listPrice)}>
      <Tokens spend={spend} />
      <span className="text-muted"> · </span>
      <Dollars spend={spend} listPrice={listPrice} />
    </span>
  );
}

/** Tokens alone, as above; without their unit where a heading says it. */
export function Tokens({ spend, unit = true }: { spend: Spend; unit?: boolean }) {
  const known = spend.calls === 0 || spend.calls > spend.unknown_calls;
  return (
    <span className={clsx("whitespace-nowrap", !known && "text-warn")}>
      {unit ? tokensText(spend) : tokensText(spend).replace(" tokens", "")}
    </span>
  );
}

/** Dollars alone, as above. */
export function Dollars({ spend, listPrice = false }: { spend: Spend; listPrice?: boolean }) {
  const notCharged = spend.simulated || listPrice;
  const known = spend.calls === 0 || spend.cost_usd !== null;
  return (
    <span
      title={explained(spend, listPrice)}
      className={clsx("whitespace-nowrap", known ? notCharged && "text-muted italic" : "text-warn")}
    >
      {dollarsText(spend, listPrice)}
      {spend.simulated && spend.cost_usd !== null && " sim."}
    </span>
  );
}

export function tokensText(spend: Spend): string {
  if (spend.calls === 0) return "no calls";
  if (spend.calls === spend.unknown_calls) return "tokens unknown";
  return `${spend.unknown_calls > 0 ? "≥ " : ""}${tokens(spend.tokens)} tokens`;
}

export function dollarsText(spend: Spend, listPrice = false): string {
  if (spend.calls === 0) return "–";
  if (spend.cost_usd === null) return spend.calls === spend.unknown_calls ? "cost unknown" : "no price";
  const atLeast = spend.unknown_calls > 0 || spend.unpriced_calls > 0 ? "≥ " : "";
  return `${atLeast}${spend.simulated || listPrice ? "~" : ""}${usd(spend.cost_usd)}`;
}

/** The whole of it in sentences: what the short form's marks stand for. */
export function explained(spend: Spend, listPrice = false): string {
  const said = [
    `${count(spend.calls, "call")}; ${whole(spend.prompt_tokens)} tokens in (${whole(spend.cache_read_tokens)} from cache), ${whole(spend.completion_tokens)} out.`,
  ];
  if (spend.unknown_calls > 0) {
    said.push(
      `${count(spend.unknown_calls, "call")} ended without saying what it took: at most ${whole(spend.unknown_tokens)} tokens more.`,
    );
  }
  if (spend.unpriced_calls > 0)
    said.push(`${count(spend.unpriced_calls, "call")} of a model without a known price.`);
  if (spend.simulated) said.push("Answered by a script: dollars are list prices, nobody was charged.");
  else if (listPrice) said.push("A subscription pays: dollars are list prices.");
  return said.join(" ");
}
