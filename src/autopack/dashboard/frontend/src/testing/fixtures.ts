/** Answers of the service as tests begin with them. Typed by the API's document: a field that it loses, or gains, fails here. */

import type { Note, NoteList, Receipt } from "../api/notes";
import type { Run, Spend } from "../api/runs";

export function spend(changes: Partial<Spend> = {}): Spend {
  return {
    calls: 4,
    tokens: 24_100,
    prompt_tokens: 20_000,
    completion_tokens: 4_100,
    cache_read_tokens: 9_000,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    cost_usd: "0.1234",
    unpriced_calls: 0,
    unknown_calls: 0,
    unknown_tokens: 0,
    unknown_cost_usd: null,
    simulated: false,
    ...changes,
  };
}

export function run(changes: Partial<Run> = {}): Run {
  return {
    run_id: "run_20260303_101500_ab12",
    state: "in_progress",
    current_tier_name: "Core",
    current_phase_name: "Task store",
    current_phase_id: "store",
    current_tier_index: 1,
    current_phase_index: 2,
    total_tiers: 2,
    total_phases: 5,
    completed_tiers: 0,
    completed_phases: 1,
    unverified_phases: 0,
    skipped_phases: 0,
    percent_complete: 0.2,
    plan: "todo-cli",
    plan_path: "/srv/todo/.autopack/plan.yaml",
    project: "todo",
    repository: "/srv/todo",
    branch: "autopack/run_20260303_101500_ab12",
    base_commit: "1f0c2d3e4b5a69788796a5b4c3d2e1f001020304",
    head_commit: "2f0c2d3e4b5a69788796a5b4c3d2e1f001020304",
    attempts: 3,
    usage: spend(),
    tokens_used: 24_100,
    token_budget: 2_000_000,
    cost_usd: "0.1234",
    cost_budget_usd: "5.00",
    issue_counts: { major: 0, minor: 1 },
    activity: {
      what: "builder",
      doing: "edit todo/store.py",
      phase_id: "store",
      tokens: 8_200,
      since: "2026-03-03T10:20:00Z",
    },
    sandboxed: true,
    driven: true,
    interrupted: false,
    needs_you: false,
    end_reason: null,
    end_detail: "",
    waits_for: null,
    resumes_at: null,
    created_at: "2026-03-03T10:15:00Z",
    started_at: "2026-03-03T10:15:01Z",
    ended_at: null,
    merged_at: null,
    discarded_at: null,
    elapsed_seconds: 330,
    working_seconds: 300,
    as_of: 42,
    ...changes,
  };
}

export function note(changes: Partial<Note> = {}): Note {
  return {
    id: "3f9c2a1b",
    author: "Ada",
    created_at: "2026-03-03T10:16:00Z",
    run_id: null,
    text: "Skip the UI tests, backend only.",
    receipts: [],
    ...changes,
  };
}

export function receipt(changes: Partial<Receipt> = {}): Receipt {
  return {
    note_id: "3f9c2a1b",
    run_id: "run_20260303_101500_ab12",
    phase_index: 3,
    phase_id: "store",
    attempt: 2,
    role: "builder",
    delivered_at: "2026-03-03T10:18:00Z",
    lesson: false,
    ...changes,
  };
}

export function noteList(notes: Note[], changes: Partial<NoteList> = {}): NoteList {
  return { project: "/srv/todo", total: notes.length, unread_bytes: 0, notes, ...changes };
}
