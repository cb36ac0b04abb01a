/**
 * Runs a piece of work at once, and at most once more for all that was asked for while it ran.
 *
 * A burst of a thousand events is then two requests, not a thousand, and the first is not waited for. What
 * takes long is done less often: it rests as long as it took, at least `rest` milliseconds.
 */
export class Refresher {
  private asked = new Set<string>();
  private busy = new Set<string>();

  constructor(private readonly work: (what: string) => Promise<unknown>) {}

  ask(what: string, rest = 200): void {
    if (this.busy.has(what)) {
      this.asked.add(what);
      return;
    }
    this.busy.add(what);
    const begun = performance.now();
    void this.work(what)
      .catch(() => undefined) // its query holds the error, and shows it
      .then(() => new Promise((done) => setTimeout(done, Math.max(rest, performance.now() - begun))))
      .then(() => {
        this.busy.delete(what);
        if (this.asked.delete(what)) this.ask(what, rest);
      });
  }
}
