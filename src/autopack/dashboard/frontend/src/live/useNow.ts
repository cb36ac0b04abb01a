import { useEffect, useState } from "react";
import { useLive } from "./LiveProvider";

/** The time, anew each so many seconds while something runs; it stands still while the page is held. */
export function useNow(runs: boolean, seconds = 1): Date {
  const { held } = useLive();
  const [now, setNow] = useState(() => new Date());
  const ticks = runs && !held;
  useEffect(() => {
    if (!ticks) return;
    setNow(new Date());
    const timer = setInterval(() => setNow(new Date()), seconds * 1_000);
    return () => clearInterval(timer);
  }, [ticks, seconds]);
  return now;
}
