import { Component, type ReactNode } from "react";
import { Button } from "./Button";

/** What is shown when the page itself fails: an older page may ask for parts that a newer service has not. */
export class Broken extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="mx-auto max-w-md space-y-3 p-6" role="alert">
        <h1 className="font-semibold text-lg">The page failed</h1>
        <p>Runs are not touched by that. If Autopack was just upgraded, load the page anew.</p>
        <Button kind="primary" onClick={() => window.location.reload()}>
          Load the page anew
        </Button>
      </main>
    );
  }
}
