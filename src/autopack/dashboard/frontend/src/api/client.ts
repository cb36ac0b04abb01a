import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** What the service answers when something is wrong: what happened, and what to do. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** The service can't be reached at all. */
export class Unreachable extends Error {
  override name = "Unreachable";
  readonly hint =
    "Start it with `autopack serve`, or see whether it still runs. This page connects again by itself.";
  constructor() {
    super("The service does not answer.");
  }
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable();
  }
}

export const client = createClient<paths>({ baseUrl: window.location.origin, fetch: reach });

type Answer<Data> = { data?: Data | undefined; error?: unknown; response: Response };

/** The answer's data. Throws `ApiError`, in the service's own words where it has some. */
export async function dataOf<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await asked;
  if (response.ok) return data as Data;
  const told = (error as { error?: Partial<Schemas["ErrorDetail"]> } | undefined)?.error;
  throw new ApiError(
    response.status,
    told?.code ?? "unknown",
    told?.message ?? `The service answered with ${response.status}.`,
    told?.hint ?? "",
  );
}

/** A key of our own making: an answer that got lost can be asked for again without creating anything twice. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
