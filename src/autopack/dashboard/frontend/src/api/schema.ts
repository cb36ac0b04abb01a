// Written by `npm run api` from docs/openapi.json; don't edit it.

export interface paths {
    "/runs/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start Run
         * @description Create a run of a plan and have it started.
         *
         *     Everything that can be known to be wrong is said now: plan, project, policy, keys, sandbox. Whether what
         *     models write is confined is decided where the service is started, never by a request.
         */
        post: operations["start_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause Run
         * @description Have a run pause before its next step: it is `pausing` until then.
         */
        post: operations["pause_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume Run
         * @description Have a run go on that is paused, was interrupted, or failed for a reason that is mended.
         */
        post: operations["resume_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Run
         * @description Stop a run at once, in the middle of whatever it is at. What is committed stays.
         */
        post: operations["cancel_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry Run
         * @description Give the phase that a run failed or was cancelled at new attempts, and have it go on from there.
         */
        post: operations["retry_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{run_id}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Skip Phase
         * @description Have a run go past a phase.
         */
        post: operations["skip_phase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Runs
         * @description The newest runs, newest first.
         */
        get: operations["list_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run Status
         * @description Where a run stands.
         */
        get: operations["get_run_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run Timeline
         * @description What a run did: every phase and attempt, with its decision, checks, verdict and cost.
         */
        get: operations["get_run_timeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/outline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run Outline
         * @description A run as one picture: phases and attempts with their stages and cost, and when it waited.
         *
         *     In a fraction of the time and size of the timeline, however many phases there are.
         */
        get: operations["get_run_outline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/phases/{phase}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Phase
         * @description All about one phase, with the end of what each command said.
         */
        get: operations["get_phase"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Diff
         * @description What a run committed, or what an attempt at a phase changed, as a diff that git applies.
         */
        get: operations["get_diff"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/context": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Context
         * @description Where a run stands as a block of Markdown, to paste into a chat.
         */
        get: operations["get_context"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Projects
         * @description The registered projects, each with the plans that it keeps.
         */
        get: operations["list_projects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/plans/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check Plan
         * @description Look at a plan without running it: what is wrong, or who would do what, and what it would take.
         */
        post: operations["check_plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Health
         * @description Whether the service can work: its database, its engine and its disk.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow what happens
         * @description Every event as it happens, as `text/event-stream`; `Last-Event-ID` counts more than `after`.
         */
        get: operations["follow_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Models
         * @description The model of each role at each category and complexity, and of each helper.
         *
         *     As models.yaml has it for runs to come, or as a run has it for the phases that it has not begun.
         */
        get: operations["get_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/models/choices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Choices
         * @description The models that may be chosen.
         */
        get: operations["get_choices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/models/override": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Override Model
         * @description Give a role another model at a category and complexity.
         *
         *     `global` changes models.yaml, whose comments and order stay, and counts for runs that are created later.
         *     `run` counts for the phases that the run begins later; one in hand keeps its models, also in later
         *     attempts.
         */
        post: operations["override_model"];
        /**
         * Reset Model
         * @description Take such a change back: the run's own mapping counts again, or what models.yaml has as it ships.
         */
        delete: operations["reset_model"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/routing/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Explain Routing
         * @description The model that a call would get now, with every candidate and why; no call is made.
         */
        post: operations["explain_routing"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Usage
         * @description What was used in a period, and where every quota stands now.
         */
        get: operations["get_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/usage/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Usage Series
         * @description What was used over time, in buckets of an hour (day), 6 hours (week) or a day (month).
         */
        get: operations["get_usage_series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run Usage
         * @description What a run used, by tier, phase, attempt, role and model, to the token.
         *
         *     Failed attempts are included, and calls that were refused or that nothing was bought with are counted.
         */
        get: operations["get_run_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/human-notes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Human Notes
         * @description Notes of a run's project, else of the latest active run's, newest first.
         */
        get: operations["human_notes"];
        put?: never;
        /**
         * Add Human Note
         * @description Append a note to the project's `.autopack/human_notes.md`: later prompts carry it.
         */
        post: operations["add_human_note"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/human-notes/{note_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Withdraw Human Note
         * @description Take a note out of the file: no prompt that begins later carries it. Answers with what it said.
         */
        delete: operations["withdraw_human_note"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/postmortem": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Postmortem
         * @description What was learned at a run's last end, with what each phase cost.
         */
        get: operations["get_postmortem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dashboard/runs/{run_id}/lessons/{lesson_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide Lesson
         * @description Accept a lesson of a run, or dismiss it. Again is fine.
         */
        post: operations["decide_lesson"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AcceptedPhases
         * @description What a phase costs until it is accepted: all that the run used, over its completed phases.
         */
        AcceptedPhases: {
            /**
             * Phases
             * @description Completed ones.
             */
            phases: number;
            /**
             * Tokens Per Phase
             * @description Null where none is completed.
             */
            tokens_per_phase: number | null;
            /**
             * Cost Usd Per Phase
             * @description Null where none is completed, or no price is known.
             */
            cost_usd_per_phase: string | null;
            /**
             * Whole
             * @description Tokens and dollars of every call are known; otherwise it is more than what is said.
             */
            whole: boolean;
        };
        /**
         * AttemptOutline
         * @description One try at a phase.
         */
        AttemptOutline: {
            /** Number */
            number: number;
            /** Outcome */
            outcome: string;
            /**
             * Builder
             * @description Name of the model in effect; null before routing.
             */
            builder: string | null;
            /** Auditor */
            auditor: string | null;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Ended At */
            ended_at: string | null;
            /**
             * Stages
             * @description In their order; one that was gone on with after a stop has a stage more than once.
             */
            stages: components["schemas"]["Stage"][];
        };
        /**
         * AttemptUsage
         * @description What one try at a phase used.
         */
        AttemptUsage: {
            /**
             * Number
             * @description Null: calls for the phase that are of no attempt.
             */
            number: number | null;
            /**
             * Outcome
             * @description Null: no such attempt is recorded.
             */
            outcome: string | null;
            booked: components["schemas"]["Booked"];
            /** Roles */
            roles: components["schemas"]["RoleUsage"][];
        };
        /**
         * AttemptView
         * @description One try at a phase.
         */
        AttemptView: {
            /** Number */
            number: number;
            /** Outcome */
            outcome: string;
            /** Complexity */
            complexity: string;
            /** @description Who builds, why, and who else was considered; None before routing. */
            builder: components["schemas"]["Decision"] | null;
            auditor: components["schemas"]["Decision"] | null;
            /** Base Commit */
            base_commit: string;
            /**
             * Tree
             * @description The change as the Builder left it.
             */
            tree: string | null;
            /** Commit */
            commit: string | null;
            /** Diff Sha */
            diff_sha: string | null;
            /** Checks */
            checks: components["schemas"]["CheckView"][];
            verdict: components["schemas"]["Verdict"] | null;
            /**
             * Summary
             * @description The Builder's own.
             */
            summary: string;
            /**
             * Failure
             * @description Why it was not accepted, on one line.
             */
            failure: string;
            /**
             * Failure Output
             * @description What the next attempt's Builder is shown of it.
             */
            failure_output: string;
            usage: components["schemas"]["Spend"];
            /** Usage By Role */
            usage_by_role: components["schemas"]["RoleSpend"][];
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Ended At */
            ended_at: string | null;
        };
        /**
         * Booked
         * @description What some calls took, and how many beside them were not bought.
         */
        Booked: {
            usage: components["schemas"]["Spend"];
            /**
             * Refused Calls
             * @description Never made: a cap had no room for them.
             */
            refused_calls: number;
            /**
             * Released Calls
             * @description Nothing was bought: no connection, or an error for an answer.
             */
            released_calls: number;
            /**
             * Open Calls
             * @description Under way, or left open by a process that died.
             */
            open_calls: number;
            /**
             * Open Tokens
             * @description The most that those can take.
             */
            open_tokens: number;
        };
        /**
         * BurnRate
         * @description What was used per hour on average, hours without a call included.
         */
        BurnRate: {
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * Hours
             * @description Hours from then to now.
             */
            hours: number;
            /**
             * Tokens Per Hour
             * @description As caps count them: weighed by kind, calls of unknown usage at their reserved size.
             */
            tokens_per_hour: number;
            /** Usd Per Hour */
            usd_per_hour: string;
        };
        /**
         * Candidate
         * @description A model that was considered, and why it was taken or not.
         */
        Candidate: {
            /** Model */
            model: string;
            /** Taken */
            taken: boolean;
            /** Why */
            why: string;
        };
        /**
         * CheckView
         * @description One command that ran. Its output is an artifact.
         */
        CheckView: {
            /**
             * Step
             * @description `baseline` (its setup included), or of an attempt `setup` or `verify`.
             */
            step: string;
            evidence: components["schemas"]["Evidence"];
        };
        /**
         * CheckedPhase
         * @description A phase of a plan, and who would build and audit its first attempt.
         */
        CheckedPhase: {
            /** Index */
            index: number;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Tier Name */
            tier_name: string;
            /** Category */
            category: string;
            /** Complexity */
            complexity: string;
            /**
             * Attempts
             * @description How often the Builder may try.
             */
            attempts: number;
            /**
             * Files
             * @description Its scope, as globs: a change outside is a failed attempt. Empty: no scope.
             */
            files: string[];
            /**
             * Verified
             * @description Whether any command verifies it; not where the plan says `verify: none`.
             */
            verified: boolean;
            builder: components["schemas"]["ChosenModel"];
            auditor: components["schemas"]["ChosenModel"];
            /**
             * Same Family
             * @description Builder and Auditor are of one family: the policy has no other.
             */
            same_family: boolean;
        };
        /**
         * CheckedPlan
         * @description A plan that can be used. Nothing was created.
         */
        CheckedPlan: {
            /** Name */
            name: string;
            /**
             * Digest
             * @description What the plan says, in short: send it with the start, and nothing else is started.
             */
            digest: string;
            /** Tiers */
            tiers: number;
            /** Phases */
            phases: components["schemas"]["CheckedPhase"][];
            /** @description What it would take; null where too little was run here to tell. */
            estimate: components["schemas"]["PlanEstimate"] | null;
            /**
             * Estimate Reason
             * @description Why there is no estimate, in words; null where there is one.
             */
            estimate_reason: string | null;
            /**
             * Warnings
             * @description Budgets of the plan, and what is left of its models' quotas, that are less than the estimate.
             */
            warnings: string[];
        };
        /**
         * ChosenModel
         * @description A model, and the rule that chose it.
         */
        ChosenModel: {
            /** Model */
            model: string;
            /** Reason */
            reason: string;
            /**
             * Key Set
             * @description Whether the key of its provider is set here: without it no run of the plan starts.
             */
            key_set: boolean;
        };
        /**
         * CodingAgent
         * @description A program that works on code by itself; `codex/gpt-5.1` is a model that is called through it.
         * @enum {string}
         */
        CodingAgent: "claude-code" | "codex" | "cursor";
        /**
         * CommandOutput
         * @description The end of what one command said.
         */
        CommandOutput: {
            /** Attempt */
            attempt: number;
            /**
             * Step
             * @description `setup` or `verify`.
             */
            step: string;
            /** Command */
            command: string;
            /** Lines */
            lines: string[];
            /**
             * Left Out
             * @description Lines before them.
             */
            left_out: number;
            /**
             * Gone
             * @description The output was removed from the home by hand.
             */
            gone: boolean;
        };
        /**
         * ControlAnswer
         * @description Where a run is after something was asked of it.
         */
        ControlAnswer: {
            /** Run Id */
            run_id: string;
            /**
             * State
             * @description As it is shown: `pausing` and `cancelling` while that is asked and not yet done.
             */
            state: string;
            /**
             * Changed
             * @description False where it was so already.
             */
            changed: boolean;
        };
        /**
         * CurrentActivity
         * @description What a run is at in this moment, as the process that drives it said a moment ago.
         */
        CurrentActivity: {
            /**
             * What
             * @description `builder` or `auditor` at work, or `clone`, `setup`, `baseline`, `verify`.
             */
            what: string;
            /** Doing */
            doing: string;
            /**
             * Phase Id
             * @description Null before the first phase.
             */
            phase_id: string | null;
            /**
             * Tokens
             * @description Reported tokens of the conversation so far; null where no model is at work.
             */
            tokens: number | null;
            /**
             * Since
             * Format: date-time
             */
            since: string;
        };
        /**
         * DashboardRunStatus
         * @description A run at one moment. Indexes are 1-based, null before the start and after the end.
         */
        DashboardRunStatus: {
            /** Run Id */
            run_id: string;
            /**
             * State
             * @description The run's state, or `pausing` or `cancelling` while that is asked and not yet done.
             */
            state: string;
            /** Current Tier Name */
            current_tier_name: string | null;
            /** Current Phase Name */
            current_phase_name: string | null;
            /** Current Tier Index */
            current_tier_index: number | null;
            /** Current Phase Index */
            current_phase_index: number | null;
            /** Total Tiers */
            total_tiers: number;
            /** Total Phases */
            total_phases: number;
            /** Completed Tiers */
            completed_tiers: number;
            /** Completed Phases */
            completed_phases: number;
            /**
             * Unverified Phases
             * @description Completed phases of which the plan says that no command verifies them.
             */
            unverified_phases: number;
            /**
             * Skipped Phases
             * @description Of the completed ones: those that someone had the run go past.
             */
            skipped_phases: number;
            /**
             * Percent Complete
             * @description 0 to 1.
             */
            percent_complete: number;
            /** Plan */
            plan: string;
            /** Plan Path */
            plan_path: string;
            /** Project */
            project: string;
            /**
             * Repository
             * @description Top of the user's repository.
             */
            repository: string;
            /** Branch */
            branch: string;
            /** Base Commit */
            base_commit: string | null;
            /**
             * Head Commit
             * @description Tip of the branch; the base where nothing is committed yet.
             */
            head_commit: string | null;
            /** Current Phase Id */
            current_phase_id: string | null;
            /**
             * Attempts
             * @description Attempts at all phases together.
             */
            attempts: number;
            usage: components["schemas"]["Spend"];
            /**
             * Tokens Used
             * @description What is known to be used: `usage.tokens`. Calls of unknown usage are counted in `usage` alone.
             */
            tokens_used: number;
            /**
             * Token Budget
             * @description Of the plan; null: none.
             */
            token_budget: number | null;
            /**
             * Cost Usd
             * @description What is known to be spent: `usage.cost_usd`; null where no price is known.
             */
            cost_usd: string | null;
            /**
             * Cost Budget Usd
             * @description Of the plan; null: none.
             */
            cost_budget_usd: string | null;
            issue_counts: components["schemas"]["IssueCounts"];
            /** @description Null where no live process works on it. */
            activity: components["schemas"]["CurrentActivity"] | null;
            /** Sandboxed */
            sandboxed: boolean;
            /**
             * Driven
             * @description A live process works on it.
             */
            driven: boolean;
            /**
             * Interrupted
             * @description It has not ended, no live process works on it, and no service that is alive will take it.
             */
            interrupted: boolean;
            /**
             * Needs You
             * @description It goes no further until a person does something.
             */
            needs_you: boolean;
            /** End Reason */
            end_reason: string | null;
            /** End Detail */
            end_detail: string;
            /** Waits For */
            waits_for: string | null;
            /**
             * Resumes At
             * @description When it goes on by itself; null: not by itself.
             */
            resumes_at: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Started At */
            started_at: string | null;
            /** Ended At */
            ended_at: string | null;
            /**
             * Merged At
             * @description When its work was last merged with `merge`.
             */
            merged_at: string | null;
            /**
             * Discarded At
             * @description When its branch and workspace were deleted.
             */
            discarded_at: string | null;
            /**
             * Elapsed Seconds
             * @description From the start to the end, to now, or to the last event of whoever drove a run that nobody drives.
             */
            elapsed_seconds: number | null;
            /**
             * Working Seconds
             * @description Of those, what was not waited: paused, scheduled, queued again, or driven by nobody. Null before the
             *     start. `waits` of the outline says when it was waited, and how exactly that is known.
             */
            working_seconds: number | null;
            /**
             * As Of
             * @description Id of the newest event of the feed that this holds: follow the feed from there.
             */
            as_of: number;
        };
        /**
         * Decision
         * @description The model for one piece of work, the rule that mapped it, and everything that was considered.
         */
        Decision: {
            /** Role */
            role: string;
            /** Category */
            category: string;
            /** Complexity */
            complexity: string;
            /**
             * Verdict
             * @default go
             * @enum {string}
             */
            verdict: "go" | "wait" | "fail";
            model: components["schemas"]["ModelRef"];
            /**
             * Source
             * @enum {string}
             */
            source: "run_override" | "category_complexity" | "category" | "complexity" | "agent";
            /** Same Family */
            same_family: boolean;
            /** Reason */
            reason: string;
            /** Candidates */
            candidates: components["schemas"]["Candidate"][];
            /** Until */
            until: string | null;
        };
        /**
         * DeliveredNote
         * @description A note that was in the prompt of one conversation, and what it says now.
         */
        DeliveredNote: {
            /** Note Id */
            note_id: string;
            /**
             * Text
             * @description Null: it is in the project's file no more, or the file can't be read.
             */
            text: string | null;
            /**
             * Lesson
             * @description It was an accepted lesson, of `.autopack/lessons.md`.
             */
            lesson: boolean;
            /** Author */
            author: string | null;
            /** Attempt */
            attempt: number;
            /** Role */
            role: string;
            /**
             * Delivered At
             * Format: date-time
             */
            delivered_at: string;
        };
        /**
         * DiskPart
         * @description The disk of AUTOPACK_HOME.
         */
        DiskPart: {
            /** Ok */
            ok: boolean;
            /** Detail */
            detail: string;
            /**
             * Free Bytes
             * @description Null where it can't be known.
             */
            free_bytes: number | null;
            /**
             * Low Bytes
             * @description Below this there is little room, and `detail` says so.
             * @default 1000000000
             */
            low_bytes: number;
            /**
             * Least Bytes
             * @description Below this it is not ok.
             * @default 100000000
             */
            least_bytes: number;
        };
        /**
         * EnginePart
         * @description The part that drives runs.
         */
        EnginePart: {
            /** Ok */
            ok: boolean;
            /** Detail */
            detail: string;
            /**
             * Driving
             * @description Runs in hand.
             */
            driving: number;
        };
        /**
         * ErrorAnswer
         * @description The one shape in which every error leaves.
         */
        ErrorAnswer: {
            error: components["schemas"]["ErrorDetail"];
        };
        /**
         * ErrorDetail
         * @description What went wrong, and what to do about it.
         */
        ErrorDetail: {
            /**
             * Code
             * @description Names the kind; a script can rely on it.
             */
            code: string;
            /**
             * Message
             * @description What happened and why; a line for each problem where there are several.
             */
            message: string;
            /**
             * Hint
             * @description What to do about it; may be empty.
             */
            hint: string;
        };
        /**
         * EstimateCoverage
         * @description How many of the plan's phases have samples, by their level.
         */
        EstimateCoverage: {
            /**
             * Category
             * @description Of the same category and complexity.
             */
            category: number;
            /**
             * Complexity
             * @description Of the same complexity.
             */
            complexity: number;
            /**
             * Any
             * @description Any phases.
             */
            any: number;
            /**
             * None
             * @description Not in the sums: no samples.
             */
            none: number;
        };
        /**
         * EstimatedNeed
         * @description What work takes, its failed attempts included.
         */
        EstimatedNeed: {
            /**
             * Tokens
             * @description Input and output; calls of unknown usage at the most that they can have taken.
             */
            tokens: number;
            /**
             * Cost Usd
             * @description Null where the dollars of any sample are not known. Of simulated ones list prices, that nobody pays.
             */
            cost_usd: string | null;
            /**
             * Minutes
             * @description In which the run is in progress: pauses and waits for a quota are not in it.
             */
            minutes: number;
        };
        /**
         * Evidence
         * @description One command that really ran: what it was, how it ended, on which tree, and where its output is.
         *
         *     The output is whole up to a limit (`processes.command.OUTPUT_LIMIT_BYTES`). Beyond it the middle is left
         *     out, and a line in its place says how much.
         */
        Evidence: {
            /** Argv */
            argv: string[];
            /** Exit Code */
            exit_code: number;
            /** Duration Seconds */
            duration_seconds: number;
            /** Output Sha */
            output_sha: string;
            /** Tree */
            tree: string;
            counts: components["schemas"]["TestCounts"] | null;
            /**
             * Timed Out
             * @default false
             */
            timed_out: boolean;
            /**
             * Exceeded
             * @default
             */
            exceeded: string;
            /**
             * Exceeded By
             * @default
             */
            exceeded_by: string;
            /**
             * Truncated
             * @default false
             */
            truncated: boolean;
        };
        /**
         * ExplainRequest
         * @description Which decision to explain.
         */
        ExplainRequest: {
            /**
             * Role
             * @description `builder`, `auditor`, or a helper: `agent:planner`.
             * @example builder
             */
            role: string;
            /**
             * Category
             * @description Any word; `*` for a helper.
             * @example core_backend
             */
            category: string;
            /**
             * Complexity
             * @description `low`, `medium` or `high`; `*` for a helper.
             * @example medium
             */
            complexity: string;
            /**
             * Run Id
             * @description With the mapping and the overrides of this run.
             */
            run_id?: string | null;
            /**
             * Avoid Family
             * @description A family that it should not be of. Null: for an Auditor that of the Builder, as in an attempt.
             */
            avoid_family?: string | null;
        };
        /**
         * Health
         * @description Each part of the service; `ok` where database, engine and disk are.
         */
        Health: {
            /** Ok */
            ok: boolean;
            /** Version */
            version: string;
            database: components["schemas"]["Part"];
            engine: components["schemas"]["EnginePart"];
            disk: components["schemas"]["DiskPart"];
            /** @description models.yaml. A broken one stops no run: its last good version counts. */
            policy: components["schemas"]["Part"];
        };
        /**
         * Issue
         * @description One thing the Auditor found wrong.
         */
        Issue: {
            /** @description major: must be fixed before this is committed. minor: worth knowing. */
            severity: components["schemas"]["Severity"];
            /**
             * File
             * @description Path in the repository, as the diff writes it; empty if it is no one file.
             */
            file: string;
            /**
             * Line
             * @description Line in the new file; null where there is none.
             */
            line: number | null;
            /**
             * Text
             * @description What is wrong, why it matters, and what would make it right.
             */
            text: string;
        };
        /**
         * IssueCounts
         * @description Issues in all verdicts on a run's attempts, those that a later attempt mended included.
         */
        IssueCounts: {
            /**
             * Major
             * @default 0
             */
            major: number;
            /**
             * Minor
             * @default 0
             */
            minor: number;
        };
        /**
         * Lesson
         * @description What a model would have later runs of a project know, and what a person decided about it.
         */
        Lesson: {
            /**
             * Id
             * @description Eight hex digits: its heading's in `.autopack/lessons.md` once it is accepted.
             */
            id: string;
            /**
             * Text
             * @description One line.
             */
            text: string;
            /**
             * State
             * @default proposed
             * @enum {string}
             */
            state: "proposed" | "accepted" | "dismissed";
        };
        /**
         * LessonDecision
         * @description What becomes of a lesson.
         */
        LessonDecision: {
            /**
             * Decision
             * @description `accepted`: into the project's `.autopack/lessons.md`, which later prompts carry. `dismissed`: not, or
             *     out of it again.
             * @enum {string}
             */
            decision: "accepted" | "dismissed";
        };
        /**
         * ListedPlan
         * @description A file of a project that may be a plan.
         */
        ListedPlan: {
            /**
             * Path
             * @description From the project's top: what `plan_path` takes.
             */
            path: string;
            /**
             * Name
             * @description The plan's own; null where the file is no plan that can be used as it is.
             */
            name: string | null;
        };
        /**
         * ModelChoice
         * @description A model that a cell may be given.
         */
        ModelChoice: {
            /** Model */
            model: string;
            /** Provider */
            provider: string;
            /** Family */
            family: string;
            /**
             * Pool
             * @description The quota that its calls count against.
             */
            pool: string;
            /**
             * Priced
             * @description Whether a price of it is known.
             */
            priced: boolean;
            /**
             * Key Set
             * @description Whether the key of its provider is set where this was asked.
             */
            key_set: boolean;
        };
        /**
         * ModelChoices
         * @description The models that may be chosen: those of models.yaml, then known ones of providers whose key is set.
         */
        ModelChoices: {
            /** Models */
            models: components["schemas"]["ModelChoice"][];
        };
        /**
         * ModelMapping
         * @description The model of one cell. What quotas and families make of it is in the decisions, not here.
         */
        ModelMapping: {
            /**
             * Role
             * @description `builder`, `auditor` or `agent:NAME`.
             */
            role: string;
            /**
             * Category
             * @description `*` for a helper.
             */
            category: string;
            /**
             * Complexity
             * @description `low`, `medium` or `high`; `*` for a helper.
             */
            complexity: string;
            /** Model */
            model: string;
            /**
             * Scope
             * @description `run` where an override of the run says it.
             * @enum {string}
             */
            scope: "global" | "run";
            /**
             * Source
             * @description The rule that says it.
             * @enum {string}
             */
            source: "run_override" | "category_complexity" | "category" | "complexity" | "agent";
            /**
             * Overridden
             * @description Whether it was set for exactly this cell, so that a reset takes it back.
             */
            overridden: boolean;
            /**
             * Fail Fast
             * @description Whether the category never gets another model than this one.
             */
            fail_fast: boolean;
        };
        /**
         * ModelRef
         * @description A model that can be called: what its name in models.yaml stands for.
         */
        ModelRef: {
            /** Name */
            name: string;
            /** Provider */
            provider: string;
            kind: components["schemas"]["ProviderKind"];
            /** Family */
            family: string;
            /** Base Url */
            base_url: string | null;
            /** Api Key Env */
            api_key_env: string;
            /**
             * Simulated
             * @default false
             */
            simulated: boolean;
            /** Pool */
            pool: string;
            agent: components["schemas"]["CodingAgent"] | null;
        };
        /**
         * ModelUsage
         * @description What was used of one model.
         */
        ModelUsage: {
            /** Provider */
            provider: string;
            /** Model */
            model: string;
            /**
             * Prompt Tokens
             * @description Reported, cache reads and writes included.
             */
            prompt_tokens: number;
            /**
             * Completion Tokens
             * @description Reported, reasoning included.
             */
            completion_tokens: number;
            /** Total Tokens */
            total_tokens: number;
            /**
             * Simulated
             * @description A script answered.
             */
            simulated: boolean;
            usage: components["schemas"]["Spend"];
        };
        /**
         * NewNote
         * @description A note for one run, or for every run of its project; without a run, of the latest active run's.
         */
        NewNote: {
            /** Note */
            note: string;
            /** Run Id */
            run_id?: string | null;
            /**
             * Every Run
             * @description For every run of the named run's project, and not for that run alone.
             * @default false
             */
            every_run?: boolean;
        };
        /**
         * Note
         * @description What a person wants every later prompt to say, of one run or of all runs of a project.
         */
        Note: {
            /** Id */
            id: string;
            /** Author */
            author: string;
            /** Created At */
            created_at: string | null;
            /** Run Id */
            run_id: string | null;
            /** Text */
            text: string;
        };
        /**
         * NoteList
         * @description The newest notes of a project, newest first.
         */
        NoteList: {
            /** Project */
            project: string;
            /** Total */
            total: number;
            /** Unread Bytes */
            unread_bytes: number;
            /** Notes */
            notes: components["schemas"]["NoteView"][];
        };
        /**
         * NoteView
         * @description A note, and the prompts that carried it, in the order of delivery.
         */
        NoteView: {
            /** Id */
            id: string;
            /** Author */
            author: string;
            /** Created At */
            created_at: string | null;
            /** Run Id */
            run_id: string | null;
            /** Text */
            text: string;
            /** Receipts */
            receipts: components["schemas"]["Receipt"][];
        };
        /**
         * OverrideAnswer
         * @description What a role has at a category and complexity after a change.
         */
        OverrideAnswer: {
            /** Role */
            role: string;
            /** Category */
            category: string;
            /** Complexity */
            complexity: string;
            /**
             * Model
             * @description Null: no model of its own any more, a less specific cell counts.
             */
            model: string | null;
            /**
             * Scope
             * @enum {string}
             */
            scope: "global" | "run";
            /** Run Id */
            run_id: string | null;
            /**
             * Changed
             * @description False where it was so already.
             */
            changed: boolean;
            /**
             * Notices
             * @description What its user should know, such as a key that is not set.
             */
            notices: string[];
        };
        /**
         * OverrideRequest
         * @description Which model does what from now on.
         */
        OverrideRequest: {
            /**
             * Role
             * @description `builder`, `auditor`, or a helper: `agent:planner`.
             * @example builder
             */
            role: string;
            /**
             * Category
             * @description A category of models.yaml or of a plan; `*` for all, and for a helper.
             * @example core_backend
             */
            category: string;
            /**
             * Complexity
             * @description `low`, `medium` or `high`; `*` for all, and for a helper.
             * @example medium
             */
            complexity: string;
            /**
             * Model
             * @description Its name, as `GET /dashboard/models/choices` lists them; others may do too.
             */
            model: string;
            /**
             * Scope
             * @description `global`: runs that are created later. `run`: the phases that one run begins later.
             * @enum {string}
             */
            scope: "global" | "run";
            /**
             * Run Id
             * @description The run, where `scope` is `run`.
             */
            run_id?: string | null;
        };
        /**
         * Part
         * @description One part of the service.
         */
        Part: {
            /** Ok */
            ok: boolean;
            /** Detail */
            detail: string;
        };
        /**
         * PhaseCost
         * @description What one phase took, its failed attempts included: from the ledger, never from a model.
         */
        PhaseCost: {
            /**
             * Index
             * @description Null: the plan has no such phase any more.
             */
            index: number | null;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** State */
            state: string | null;
            /** Attempts */
            attempts: number;
            usage: components["schemas"]["Spend"];
        };
        /**
         * PhaseDetail
         * @description All about one phase.
         */
        PhaseDetail: {
            /** Run Id */
            run_id: string;
            phase: components["schemas"]["PhaseTimeline"];
            /**
             * Outputs
             * @description Of every check of its attempts, in their order.
             */
            outputs: components["schemas"]["CommandOutput"][];
            /**
             * Notes
             * @description Human notes that its conversations carried, in the order of delivery.
             */
            notes: components["schemas"]["DeliveredNote"][];
            /**
             * Waits
             * @description When the run did not work while it was at this phase.
             */
            waits: components["schemas"]["Wait"][];
            /**
             * As Of
             * @description Id of the newest event of the feed that this holds: follow the feed from there.
             */
            as_of: number;
        };
        /**
         * PhaseEstimate
         * @description What one phase would take, as similar ones did.
         */
        PhaseEstimate: {
            /** Id */
            id: string;
            /** @description The median of the samples, of each number by itself. */
            expected: components["schemas"]["EstimatedNeed"];
            /** @description Their 90th percentile, of each number by itself; the largest where they are fewer than ten. */
            high: components["schemas"]["EstimatedNeed"];
            /**
             * Level
             * @description What the samples have in common with it: `category` (and complexity), `complexity`, or `any`.
             * @enum {string}
             */
            level: "category" | "complexity" | "any";
            /**
             * Same Project
             * @description They are of the same project.
             */
            same_project: boolean;
            /** Samples */
            samples: number;
        };
        /**
         * PhaseOutline
         * @description One phase and its attempts.
         */
        PhaseOutline: {
            /** Index */
            index: number;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Category */
            category: string;
            /** Complexity */
            complexity: string;
            /** State */
            state: string;
            /**
             * Verified
             * @description Whether any command verifies it; not where the plan says `verify: none`.
             */
            verified: boolean;
            /** Started At */
            started_at: string | null;
            /** Ended At */
            ended_at: string | null;
            usage: components["schemas"]["Spend"];
            /** Attempts */
            attempts: components["schemas"]["AttemptOutline"][];
        };
        /**
         * PhaseTimeline
         * @description One phase and its attempts.
         */
        PhaseTimeline: {
            /** Index */
            index: number;
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Category */
            category: string;
            /** Complexity */
            complexity: string;
            /** State */
            state: string;
            /** Attempts Allowed */
            attempts_allowed: number;
            /**
             * Verified
             * @description Whether any command verifies it; not where the plan says `verify: none`.
             */
            verified: boolean;
            /** Commit */
            commit: string | null;
            /** Summary */
            summary: string;
            usage: components["schemas"]["Spend"];
            /** Attempts */
            attempts: components["schemas"]["AttemptView"][];
            /** Started At */
            started_at: string | null;
            /** Ended At */
            ended_at: string | null;
        };
        /**
         * PhaseUsage
         * @description What one phase used, its failed attempts included.
         */
        PhaseUsage: {
            /** Id */
            id: string;
            /**
             * Index
             * @description Null: the plan has no such phase any more.
             */
            index: number | null;
            /** Name */
            name: string;
            /** State */
            state: string | null;
            booked: components["schemas"]["Booked"];
            /** Attempts */
            attempts: components["schemas"]["AttemptUsage"][];
        };
        /**
         * PlanEstimate
         * @description What a plan would take, from the history of this home. Its sums hold the phases that have samples.
         */
        PlanEstimate: {
            /** @description The sum of the phases' expected needs. */
            expected: components["schemas"]["EstimatedNeed"];
            /** @description The sum of the phases' high needs: a ceiling that a whole plan rarely comes to, not a percentile. */
            high: components["schemas"]["EstimatedNeed"];
            /**
             * Simulated
             * @description The models of the plan, and all samples, are answered by a script.
             */
            simulated: boolean;
            covered: components["schemas"]["EstimateCoverage"];
            /**
             * Phases
             * @description Those that have samples, in the plan's order.
             */
            phases: components["schemas"]["PhaseEstimate"][];
        };
        /**
         * PlanRequest
         * @description Which plan, on which project. Exactly one of `plan` and `plan_path`.
         */
        PlanRequest: {
            /**
             * Project
             * @description A registered project by its id, path or name. Null: the one that holds `plan_path`, or the only one.
             */
            project?: number | string | null;
            /**
             * Plan
             * @description The plan itself, as plan.yaml has it (docs/plan.schema.json).
             */
            plan?: components["schemas"]["Plan"] | null;
            /**
             * Plan Path
             * @description A file inside the project: from its top, or absolute. Nothing outside is read, by no link either.
             */
            plan_path?: string | null;
            /**
             * Accept Red Baseline
             * @description Go on although the untouched commit fails its own checks.
             * @default false
             */
            accept_red_baseline?: boolean;
        };
        /**
         * PoolUsage
         * @description What runs out: a provider's account, or a quota of its own such as a subscription.
         */
        PoolUsage: {
            /** Pool */
            pool: string;
            /**
             * Billing
             * @description Dollars of a subscription are list-price equivalents: nobody is charged for them by the call.
             * @enum {string}
             */
            billing: "api" | "subscription";
            /** @description In the period, by real providers; null where there was no call. */
            real: components["schemas"]["Spend"] | null;
            /** @description In the period, answered by a script; null where there was no call. */
            simulated: components["schemas"]["Spend"] | null;
            reserved: components["schemas"]["Reserved"];
            /**
             * Soft Limit Percent
             * @description Of a cap: above it other quotas are preferred.
             */
            soft_limit_percent: number;
            /**
             * Kept Free Percent
             * @description Of a cap: kept free for some categories and roles.
             */
            kept_free_percent: number;
            burn: components["schemas"]["BurnRate"];
            /**
             * Windows
             * @description Every window that is configured.
             */
            windows: components["schemas"]["WindowUsage"][];
            /**
             * Account
             * @description What the account itself says, until each window resets; empty where it says nothing.
             */
            account: components["schemas"]["ToldUsage"][];
        };
        /**
         * PostmortemView
         * @description What was learned of the last end of a run.
         */
        PostmortemView: {
            /** Run Id */
            run_id: string;
            /**
             * State
             * @description `none`: the run has not ended, or did so before there were any.
             * @enum {string}
             */
            state: "none" | "writing" | "made" | "not_made";
            /**
             * Reason
             * @description Why it was not made; empty where it was.
             */
            reason: string;
            /**
             * Built
             * @description What was built, as the model has it. Empty where it is not made, as `failed` is.
             */
            built: string;
            /**
             * Failed
             * @description What failed, and why.
             */
            failed: string;
            /**
             * Lessons
             * @description At most five, in their order: the first is number 1.
             */
            lessons: components["schemas"]["Lesson"][];
            /**
             * Model
             * @description Who wrote it.
             */
            model: string | null;
            /** Simulated */
            simulated: boolean;
            /** Written At */
            written_at: string | null;
            /**
             * Phases
             * @description Of each phase that a call was made for.
             */
            phases: components["schemas"]["PhaseCost"][];
            /**
             * Beside
             * @description Calls for no phase: the helpers', and so this account's own.
             */
            beside: components["schemas"]["RoleUsage"][];
            /**
             * As Of
             * @description Id of the newest event of the feed that this holds: follow the feed from there.
             */
            as_of: number;
        };
        /**
         * Project
         * @description A repository that Autopack works on.
         */
        Project: {
            /** Id */
            id: number;
            /** Name */
            name: string;
            /** Path */
            path: string;
            /**
             * There
             * @description Whether its folder is there now.
             */
            there: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Plans
             * @description Its `.autopack/*.yaml` and `*.yml`, plan.yaml first, then by name; at most 50.
             */
            plans: components["schemas"]["ListedPlan"][];
        };
        /**
         * ProjectList
         * @description The registered projects, by name.
         */
        ProjectList: {
            /** Projects */
            projects: components["schemas"]["Project"][];
        };
        /**
         * ProviderKind
         * @description The wire protocol that a provider speaks.
         * @enum {string}
         */
        ProviderKind: "openai" | "openai-responses" | "anthropic" | "zai";
        /**
         * ProviderUsage
         * @description What was used of one provider. Real and simulated calls are never added up: each has its own row.
         */
        ProviderUsage: {
            /** Provider */
            provider: string;
            /**
             * Period
             * @description `day`, `week` or `month`; `all` on the command line.
             */
            period: string;
            /**
             * Prompt Tokens
             * @description Reported, cache reads and writes included.
             */
            prompt_tokens: number;
            /**
             * Completion Tokens
             * @description Reported, reasoning included.
             */
            completion_tokens: number;
            /** Total Tokens */
            total_tokens: number;
            /**
             * Cap Tokens
             * @description Autopack's share of the cap of this period; null where none is configured.
             */
            cap_tokens: number | null;
            /**
             * Percent Of Cap
             * @description Of that cap, spent, as the cap counts it (see its window under `pools`): 100 is all of it.
             */
            percent_of_cap: number | null;
            /**
             * Simulated
             * @description A script answered.
             */
            simulated: boolean;
            usage: components["schemas"]["Spend"];
        };
        /**
         * Receipt
         * @description A note was in the prompt of one conversation, and the model answered it.
         */
        Receipt: {
            /** Note Id */
            note_id: string;
            /** Run Id */
            run_id: string;
            /** Phase Index */
            phase_index: number;
            /** Phase Id */
            phase_id: string;
            /** Attempt */
            attempt: number;
            /** Role */
            role: string;
            /**
             * Delivered At
             * Format: date-time
             */
            delivered_at: string;
            /**
             * Lesson
             * @default false
             */
            lesson: boolean;
        };
        /**
         * Reserved
         * @description Calls that are under way, at the most that they can take.
         */
        Reserved: {
            /** Calls */
            calls: number;
            /** Tokens */
            tokens: number;
            /**
             * Cost Usd
             * @description Null where a price is not known.
             */
            cost_usd: string | null;
        };
        /**
         * RoleClassUsage
         * @description What the Builders and Auditors used, or all helpers beside them.
         */
        RoleClassUsage: {
            /**
             * Role Class
             * @description `core`: builder and auditor; `aux`: every other.
             */
            role_class: string;
            /**
             * Simulated
             * @description A script answered.
             */
            simulated: boolean;
            usage: components["schemas"]["Spend"];
        };
        /**
         * RoleSpend
         * @description What one role used of one model in an attempt.
         */
        RoleSpend: {
            /** Role */
            role: string;
            /** Model */
            model: string;
            usage: components["schemas"]["Spend"];
        };
        /**
         * RoleUsage
         * @description What one role used of one model; real and simulated calls apart.
         */
        RoleUsage: {
            /** Role */
            role: string;
            /** Provider */
            provider: string;
            /** Model */
            model: string;
            /**
             * Simulated
             * @description A script answered.
             */
            simulated: boolean;
            booked: components["schemas"]["Booked"];
        };
        /**
         * RunList
         * @description The newest runs, newest first.
         */
        RunList: {
            /** Runs */
            runs: components["schemas"]["DashboardRunStatus"][];
        };
        /**
         * RunOutline
         * @description A run from its creation to now.
         */
        RunOutline: {
            /** Run Id */
            run_id: string;
            /** Tiers */
            tiers: components["schemas"]["TierOutline"][];
            /**
             * Waits
             * @description When it did not work, in their order; none overlaps another. What is between them was work.
             */
            waits: components["schemas"]["Wait"][];
            /**
             * As Of
             * @description Id of the newest event of the feed that this holds: follow the feed from there.
             */
            as_of: number;
        };
        /**
         * RunTimeline
         * @description A run from its baseline to its end.
         */
        RunTimeline: {
            status: components["schemas"]["DashboardRunStatus"];
            /**
             * Baseline
             * @description What ran on the untouched commit, before anything was spent.
             */
            baseline: components["schemas"]["CheckView"][];
            /** Tiers */
            tiers: components["schemas"]["TierTimeline"][];
            /**
             * As Of
             * @description Id of the newest event of the feed that this holds: follow the feed from there.
             */
            as_of: number;
        };
        /**
         * RunUsage
         * @description All of a run's part of the ledger. Tiers, gone phases and what is beside them sum to the whole.
         */
        RunUsage: {
            /** Run Id */
            run_id: string;
            booked: components["schemas"]["Booked"];
            /** @description All calls to real providers; null where there was none. */
            real: components["schemas"]["Spend"] | null;
            /** @description All calls that a script answered; null where there was none. */
            simulated: components["schemas"]["Spend"] | null;
            /** Tiers */
            tiers: components["schemas"]["TierUsage"][];
            /**
             * Gone
             * @description Phases that the plan had when they were worked on, and has no more.
             */
            gone: components["schemas"]["PhaseUsage"][];
            /**
             * Beside
             * @description Calls for no phase: the helpers'.
             */
            beside: components["schemas"]["RoleUsage"][];
            /**
             * Roles
             * @description The whole by role and model, largest first.
             */
            roles: components["schemas"]["RoleUsage"][];
            /** @description The part of the whole that went into attempts that were not accepted. */
            failed_attempts: components["schemas"]["Booked"];
            accepted: components["schemas"]["AcceptedPhases"];
        };
        /**
         * SeriesBucket
         * @description One stretch of time, also where nothing was used in it.
         */
        SeriesBucket: {
            /**
             * Start
             * Format: date-time
             */
            start: string;
            /**
             * End
             * Format: date-time
             */
            end: string;
            /**
             * Parts
             * @description In the order of `names`, then calls of no run, then the rest; the real ones of each come first.
             */
            parts: components["schemas"]["SeriesPart"][];
        };
        /**
         * SeriesName
         * @description One that has parts of its own.
         */
        SeriesName: {
            /** Name */
            name: string;
            /**
             * Title
             * @description What to show a person: the name of a run's plan, where the run is known here; otherwise the name.
             */
            title: string;
        };
        /**
         * SeriesPart
         * @description What one of the series' names, or all others together, used in a bucket; real and simulated apart.
         */
        SeriesPart: {
            /**
             * Name
             * @description One of `names`; empty: all others together (`other`); null: calls of no run, of a series by run.
             */
            name: string | null;
            /**
             * Other
             * @description Whether this is the rest: all that have a name, but none of `names`.
             */
            other: boolean;
            /** Simulated */
            simulated: boolean;
            usage: components["schemas"]["Spend"];
        };
        /**
         * Severity
         * @description How much an issue weighs: a major one must be fixed before the change may be committed.
         * @enum {string}
         */
        Severity: "minor" | "major";
        /**
         * SkipRequest
         * @description Which phase to skip.
         */
        SkipRequest: {
            /**
             * Phase
             * @description A phase's id; null: the one that the run is at.
             */
            phase?: string | null;
        };
        /**
         * Spend
         * @description Tokens and dollars of some calls, with what is not known about them beside it.
         *
         *     Tokens and dollars hold what providers reported. `unknown_tokens` is the most that the calls of unknown
         *     usage can have taken. Dollars of simulated calls are list prices: nobody was charged.
         */
        Spend: {
            /**
             * Calls
             * @default 0
             */
            calls: number;
            /**
             * Tokens
             * @description Input and output, each token once.
             * @default 0
             */
            tokens: number;
            /**
             * Prompt Tokens
             * @description Cache reads and writes included.
             * @default 0
             */
            prompt_tokens: number;
            /**
             * Completion Tokens
             * @description Reasoning included.
             * @default 0
             */
            completion_tokens: number;
            /**
             * Cache Read Tokens
             * @default 0
             */
            cache_read_tokens: number;
            /**
             * Cache Write Tokens
             * @default 0
             */
            cache_write_tokens: number;
            /**
             * Reasoning Tokens
             * @default 0
             */
            reasoning_tokens: number;
            /**
             * Cost Usd
             * @description Dollars of the calls with a known price; None where there is none.
             */
            cost_usd: string | null;
            /**
             * Unpriced Calls
             * @description Calls with known tokens and no known price.
             * @default 0
             */
            unpriced_calls: number;
            /**
             * Unknown Calls
             * @description Calls of which nobody reported what they took.
             * @default 0
             */
            unknown_calls: number;
            /**
             * Unknown Tokens
             * @description The most that those can have taken.
             * @default 0
             */
            unknown_tokens: number;
            /**
             * Unknown Cost Usd
             * @description The most that those can have cost; None where there are none, or a price is not known.
             */
            unknown_cost_usd: string | null;
            /**
             * Simulated
             * @description Whether any of the calls was answered by a script.
             * @default false
             */
            simulated: boolean;
        };
        /**
         * Stage
         * @description What an attempt was at, and when. The run may have waited meanwhile: see its `waits`.
         */
        Stage: {
            /**
             * Stage
             * @enum {string}
             */
            stage: "building" | "verifying" | "auditing" | "committing";
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * Ended At
             * @description Null: it is at it.
             */
            ended_at: string | null;
        };
        /**
         * StartRequest
         * @description Which plan to start, on which project.
         */
        StartRequest: {
            /**
             * Project
             * @description A registered project by its id, path or name. Null: the one that holds `plan_path`, or the only one.
             */
            project?: number | string | null;
            /**
             * Plan
             * @description The plan itself, as plan.yaml has it (docs/plan.schema.json).
             */
            plan?: components["schemas"]["Plan"] | null;
            /**
             * Plan Path
             * @description A file inside the project: from its top, or absolute. Nothing outside is read, by no link either.
             */
            plan_path?: string | null;
            /**
             * Accept Red Baseline
             * @description Go on although the untouched commit fails its own checks.
             * @default false
             */
            accept_red_baseline?: boolean;
            /**
             * Digest
             * @description `POST /plans/check` gave it: where the plan says something else by now, nothing is started (409).
             */
            digest?: string | null;
        };
        /**
         * StartedRun
         * @description A run that was created, and starts as soon as the service has a hand free.
         */
        StartedRun: {
            /** Run Id */
            run_id: string;
            /** State */
            state: string;
            /**
             * Notices
             * @description What its user should know.
             */
            notices: string[];
        };
        /**
         * TestCounts
         * @description What a test runner said of itself at its end.
         */
        TestCounts: {
            /**
             * Passed
             * @default 0
             */
            passed: number;
            /**
             * Failed
             * @default 0
             */
            failed: number;
            /**
             * Errors
             * @default 0
             */
            errors: number;
            /**
             * Skipped
             * @default 0
             */
            skipped: number;
        };
        /**
         * TierOutline
         * @description One tier and its phases.
         */
        TierOutline: {
            /** Index */
            index: number;
            /** Name */
            name: string;
            /**
             * Completed
             * @description Phases that are done, skipped ones included.
             */
            completed: number;
            usage: components["schemas"]["Spend"];
            /** Phases */
            phases: components["schemas"]["PhaseOutline"][];
        };
        /**
         * TierTimeline
         * @description One tier; its state is that of its phases.
         */
        TierTimeline: {
            /** Index */
            index: number;
            /** Name */
            name: string;
            /** Completed */
            completed: number;
            /** Phases */
            phases: components["schemas"]["PhaseTimeline"][];
        };
        /**
         * TierUsage
         * @description What one tier used.
         */
        TierUsage: {
            /** Index */
            index: number;
            /** Name */
            name: string;
            booked: components["schemas"]["Booked"];
            /** Phases */
            phases: components["schemas"]["PhaseUsage"][];
        };
        /**
         * ToldUsage
         * @description What the account behind a quota last said of one of its own windows, use beside Autopack included.
         */
        ToldUsage: {
            /**
             * Agent
             * @description The coding agent that passed it on, whose account it is.
             */
            agent: string;
            /**
             * Window
             * @description Such as `5 hours`.
             */
            window: string;
            /**
             * Percent
             * @description Used; 100 is all of it, and it may be more.
             */
            percent: number;
            /**
             * Resets At
             * Format: date-time
             */
            resets_at: string;
            /**
             * Told At
             * Format: date-time
             */
            told_at: string;
        };
        /**
         * UsageResponse
         * @description What was used in a period, largest first.
         */
        UsageResponse: {
            /** Period */
            period: string;
            /**
             * Since
             * @description The first instant that counts: the whole of the oldest hour does. Null: all time.
             */
            since: string | null;
            /**
             * Now
             * Format: date-time
             * @description The instant of which this is, and the end of the period.
             */
            now: string;
            /** @description All calls to real providers; null where there was none. */
            real: components["schemas"]["Spend"] | null;
            /** @description All calls that a script answered; null where there was none. */
            simulated: components["schemas"]["Spend"] | null;
            /** Providers */
            providers: components["schemas"]["ProviderUsage"][];
            /** Models */
            models: components["schemas"]["ModelUsage"][];
            /** Role Classes */
            role_classes: components["schemas"]["RoleClassUsage"][];
            /** Pools */
            pools: components["schemas"]["PoolUsage"][];
            /**
             * Policy Problem
             * @description What is wrong with models.yaml as it stands: its last good version counts. Null: nothing.
             */
            policy_problem: string | null;
        };
        /**
         * UsageSeries
         * @description A period in buckets of one length, oldest first; the first and the last may lie partly outside it.
         *
         *     The parts of a bucket sum to all that was used in it.
         */
        UsageSeries: {
            /**
             * Period
             * @enum {string}
             */
            period: "day" | "week" | "month";
            /**
             * By
             * @enum {string}
             */
            by: "provider" | "model" | "role" | "role_class" | "run";
            /**
             * Names
             * @description The 8 that used the most tokens over the period, largest first.
             *
             *     By real calls, and then by simulated ones, which are never added to them.
             */
            names: components["schemas"]["SeriesName"][];
            /** Buckets */
            buckets: components["schemas"]["SeriesBucket"][];
        };
        /**
         * Verdict
         * @description The Auditor's typed answer on one change.
         */
        Verdict: {
            /**
             * Decision
             * @enum {string}
             */
            decision: "approve" | "reject";
            /**
             * Issues
             * @default []
             */
            issues: components["schemas"]["Issue"][];
            /**
             * Summary
             * @description One paragraph: what the change does and why it may (not) pass.
             */
            summary: string;
        };
        /**
         * Wait
         * @description A stretch in which a run did not work.
         */
        Wait: {
            /**
             * What
             * @description `queued`, `paused`, `scheduled`; `failed` or `cancelled` where it was gone on with later; or
             *     `interrupted`: nobody drove it. Those begin and end with a move of the run, to the instant. An interrupted
             *     one ends when a process took the run up, or someone stopped it; it begins with the last event of whoever
             *     drove it before, which may have worked on for up to one step, such as a Builder's, after that.
             */
            what: string;
            /**
             * Reason
             * @description Why, as the run's move had it: such as `asked`, `quota_reset`, `budget_reached`; else empty.
             */
            reason: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * Ended At
             * @description Null: it lasts.
             */
            ended_at: string | null;
        };
        /**
         * WindowUsage
         * @description One window of a quota and its cap. Amounts are in its `unit`, and count what the cap counts.
         *
         *     That is tokens weighed by their kind, calls of unknown usage at their reserved size, real and simulated
         *     calls alike, and the whole of the oldest hour.
         */
        WindowUsage: {
            /**
             * Window
             * @description `day`, `week`, `month`, or such as `5 hours`.
             */
            window: string;
            /**
             * Unit
             * @enum {string}
             */
            unit: "tokens" | "usd";
            /**
             * Rolling
             * @description It is the time up to now; otherwise it begins anew at each reset.
             */
            rolling: boolean;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * Account Cap
             * @description The whole account's; null where the window has no cap and is only shown.
             */
            account_cap: number | string | null;
            /**
             * Cap
             * @description Autopack's share of it.
             */
            cap: number | string | null;
            /** Spent */
            spent: number | string;
            /**
             * Reserved
             * @description By calls that are under way.
             */
            reserved: number | string;
            /**
             * Percent
             * @description Of the cap, spent; 100 is all of it.
             */
            percent: number | null;
            /**
             * Percent Reserved
             * @description Of the cap, by calls that are under way.
             */
            percent_reserved: number | null;
            /**
             * Unpriced Calls
             * @description Calls in it without a known price, which a cap in dollars can't count: with any, it lets none pass.
             */
            unpriced_calls: number;
            /**
             * Resets At
             * @description When a named window begins anew, and a rolling one whose account says when; null: nobody says.
             */
            resets_at: string | null;
            /**
             * Oldest Leaves At
             * @description When the oldest usage leaves a rolling window; null for one that resets, and where there is none.
             */
            oldest_leaves_at: string | null;
            /** Burn Hours */
            burn_hours: number;
            /**
             * Burn Per Hour
             * @description On average over those hours.
             */
            burn_per_hour: number | string;
            /**
             * Exhausted At
             * @description When the cap is reached if that goes on, now where it is; null: not before it resets, or never.
             */
            exhausted_at: string | null;
        };
        /**
         * Budget
         * @description What a run, a tier or a phase may use at most: a call that could cross it is not made.
         */
        Budget: {
            /** @description Input and output tokens of all its calls together. */
            tokens?: number;
            /** @description US dollars of all its calls together. */
            usd?: number;
        };
        /**
         * Complexity
         * @description How hard a phase is; routing maps each step to a Builder and an Auditor model.
         * @enum {string}
         */
        Complexity: "low" | "medium" | "high";
        /**
         * Limits
         * @description What one command may take, with everything that it starts (setup, verify and the Builder's shell), and
         *     how long phase and run may be worked on.
         */
        Limits: {
            /** @description A number with MB, GB, MiB or GiB. Not said: three quarters of the machine's memory. */
            memory?: string;
            /**
             * @description At a time.
             * @default 1024
             */
            processes?: number;
            /**
             * @description Time for each command of setup and verify.
             * @default 30
             */
            command_minutes?: number;
            /** @description Time that one phase may be worked on, pauses not counted. Not said: no limit. */
            phase_minutes?: number;
            /** @description Time that the run may be worked on, pauses not counted. Not said: no limit. */
            run_minutes?: number;
            /**
             * @description Time without a sign of life, from a model or a step, after which the run is stopped.
             * @default 60
             */
            stall_minutes?: number;
        };
        /**
         * Phase
         * @description One piece of work: built, verified, audited and committed on its own.
         */
        Phase: {
            /** @description Unique in the plan; it stands in commit trailers and on the command line. */
            id: string;
            /** @description One line; the commit's subject. */
            name: string;
            /** @description What to build, in as many words as it takes. */
            description: string;
            /** @description Any word; models.yaml may map it to models of its own. */
            category: string;
            /** @description low, medium or high: which models build and audit it. */
            complexity: components["schemas"]["Complexity"];
            /**
             * @description Scope: globs from the repository's top. A change outside it is a failed attempt. Empty: no scope.
             * @default []
             */
            files?: string[];
            /**
             * @description How often the Builder may try.
             * @default 3
             */
            attempts?: number;
            /** @description Commands that must pass, instead of the plan's; the word none for no check. */
            verify?: string[] | "none";
            /** @description What its attempts may use at most, together. */
            budget?: components["schemas"]["Budget"];
        };
        /**
         * Tier
         * @description Phases that belong together, in the order they are built.
         */
        Tier: {
            /** @description One line. */
            name: string;
            /** @description What its phases may use at most, together. */
            budget?: components["schemas"]["Budget"];
            /** @description At least one. */
            phases: components["schemas"]["Phase"][];
        };
        /**
         * Autopack plan
         * @description A whole plan.yaml.
         */
        Plan: {
            /**
             * @description Version of this format.
             * @constant
             */
            schema_version: 1;
            /** @description One line; how runs of this plan are called. */
            name: string;
            /**
             * @description Commands that prepare a fresh checkout, with network; run again when a manifest changes.
             * @default []
             */
            setup?: string[];
            /**
             * @description Ignored files of your checkout that the checks need.
             * @default []
             */
            copy?: string[];
            /**
             * @description Variables passed through to commands; nothing else is. Never keys.
             * @default []
             */
            env?: string[];
            /**
             * @description Commands that must pass before a phase is committed; the word none for no check.
             * @default []
             */
            verify?: string[] | "none";
            /**
             * @description Whether the Builder's shell and the checks may use the network.
             * @default false
             */
            network?: boolean;
            /** @description What each command may take, and how long phase and run may be worked on. */
            limits?: components["schemas"]["Limits"];
            /** @description What the run may use at most. */
            budget?: components["schemas"]["Budget"];
            /**
             * @description What a run does at a budget of its own, of a tier or of a phase.
             * @default pause
             * @enum {string}
             */
            on_budget?: "pause" | "fail";
            /** @description At least one. */
            tiers: components["schemas"]["Tier"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    start_run: {
        parameters: {
            query?: never;
            header?: {
                /** @description A key of your own making for this one request: sent again within a day under the same key, it creates nothing and gets the first one's answer. */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StartRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartedRun"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    pause_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ControlAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    resume_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ControlAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    cancel_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ControlAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    retry_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ControlAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    skip_phase: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SkipRequest"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ControlAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_runs: {
        parameters: {
            query?: {
                /** @description At most so many. */
                limit?: number;
                /** @description Only of the project of this id, path or name. */
                project?: string | null;
                /** @description And every older run that has not ended. */
                unfinished?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunList"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_run_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardRunStatus"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_run_timeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunTimeline"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_run_outline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunOutline"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_phase: {
        parameters: {
            query?: {
                /** @description Lines of each command's output. */
                lines?: number;
            };
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
                /** @description A phase's id, or its number in the run, from 1. */
                phase: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PhaseDetail"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_diff: {
        parameters: {
            query?: {
                /** @description A phase's id or its number; without it, the whole run. */
                phase?: string | null;
                /** @description Number of an attempt at the phase; without it, the last one. */
                attempt?: number | null;
            };
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/x-diff": string;
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_context: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/markdown": string;
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    list_projects: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectList"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    check_plan: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlanRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckedPlan"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A part of the service is not ok. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    follow_events: {
        parameters: {
            query?: {
                /** @description Only events of this run. */
                run_id?: string | null;
                /** @description Go on after this event. Without it, from now on. */
                after?: number | null;
            };
            header?: {
                /** @description The same, as browsers say it when they connect again. */
                "last-event-id"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Messages, until one of the two sides ends it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example id: 41
                     *     event: ready
                     *     data: {"as_of":41}
                     *
                     *     id: 42
                     *     event: feed
                     *     data: {"id":42,"run_id":"run_20250303_101500_ab12","created_at":"2025-03-03T10:15:02.123456Z","schema_version":1,"kind":"run_claimed","epoch":1,"owner":"host.4711"}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_models: {
        parameters: {
            query?: {
                /** @description A run's whole id. */
                run_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelMapping"][];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_choices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelChoices"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    override_model: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OverrideRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverrideAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    reset_model: {
        parameters: {
            query: {
                role: string;
                category: string;
                complexity: string;
                scope: "global" | "run";
                /** @description A run's whole id. */
                run_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverrideAnswer"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    explain_routing: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExplainRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Decision"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_usage: {
        parameters: {
            query?: {
                /** @description The last 24 hours, 7 or 30 days. */
                period?: "day" | "week" | "month";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageResponse"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_usage_series: {
        parameters: {
            query?: {
                /** @description The last 24 hours, 7 or 30 days. */
                period?: "day" | "week" | "month";
                /** @description What the parts of each bucket are. */
                by?: "provider" | "model" | "role" | "role_class" | "run";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageSeries"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_run_usage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunUsage"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    human_notes: {
        parameters: {
            query?: {
                limit?: number;
                /** @description Only what is in force for it. */
                run_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoteList"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    add_human_note: {
        parameters: {
            query?: never;
            header?: {
                /** @description A key of your own making for this one request: sent again within a day under the same key, it creates nothing and gets the first one's answer. */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewNote"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Note"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    withdraw_human_note: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                note_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Note"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    get_postmortem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostmortemView"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
    decide_lesson: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A run's whole id. */
                run_id: string;
                /** @description A lesson's id. */
                lesson_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LessonDecision"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lesson"];
                };
            };
            /** @description The request may come from another machine or another site's page, or through a proxy. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What is named does not exist. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The run is not in a state that allows this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is larger than 2 MiB. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description The body is not JSON. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description What was sent can't be used as it is. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description A defect of Autopack. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
            /** @description Something outside Autopack (database, disk, git, sandbox) is missing or broken. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorAnswer"];
                };
            };
        };
    };
}
