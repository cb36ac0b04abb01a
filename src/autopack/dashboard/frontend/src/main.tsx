import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { App } from "./App";
import { ApiError } from "./api/client";
import "./index.css";
import { LiveProvider } from "./live/LiveProvider";
import { applyTheme } from "./theme";
import { Broken } from "./ui/Broken";
import { Toasts } from "./ui/Toasts";

applyTheme();

const queries = new QueryClient({
  queryCache: new QueryCache(),
  defaultOptions: {
    queries: {
      // The feed says what is stale; what it can't know of (files that a person edits) is looked at again.
      staleTime: 30_000,
      retry: (failures, error) => !(error instanceof ApiError) && failures < 1,
      retryDelay: 1_000,
      networkMode: "always",
      // live/ does that, where the page is not held.
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
    },
    mutations: { networkMode: "always" },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <Broken>
      <QueryClientProvider client={queries}>
        <LiveProvider>
          <Toasts>
            <Router base="/dashboard">
              <App />
            </Router>
          </Toasts>
        </LiveProvider>
      </QueryClientProvider>
    </Broken>
  </StrictMode>,
);
