import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactElement } from "react";
import { vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { LiveProvider } from "../live/LiveProvider";
import { Toasts } from "../ui/Toasts";

/** What the service answers to `METHOD /path`: data, a text, a refusal, or a function of what was asked that
 * gives one of them now or later, or throws a `TypeError` where there is no service. */
export type Answers = Record<string, unknown>;

export type Asked = { method: string; path: string; query: URLSearchParams; body: unknown; headers: Headers };

export class Refusal {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly message: string,
    readonly hint = "",
  ) {}
}

/** Renders a part of the page before a service that gives these answers; `asked` is what was asked of it. */
export function renderPage(part: ReactElement, answers: Answers, at = "/") {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    const text = await request.text();
    asked.push({
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body: text === "" ? undefined : JSON.parse(text),
      headers: request.headers,
    });
    const known = answers[`${request.method} ${url.pathname}`];
    const answer = typeof known === "function" ? await known(asked.at(-1)) : known;
    if (answer === undefined) {
      const error = { code: "not_found", message: `Nothing at ${request.method} ${url.pathname}.`, hint: "" };
      return Response.json({ error }, { status: 404 });
    }
    if (answer instanceof Refusal) {
      return Response.json({ error: { ...answer } }, { status: answer.status });
    }
    return typeof answer === "string" ? new Response(answer) : Response.json(answer);
  });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const location = memoryLocation({ path: at, record: true });
  const view = render(
    <QueryClientProvider client={queries}>
      <LiveProvider>
        <Toasts>
          <Router hook={location.hook}>{part}</Router>
        </Toasts>
      </LiveProvider>
    </QueryClientProvider>,
  );
  return { ...view, asked, queries, location, user: userEvent.setup() };
}
