import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import { BEGINNING, Follower, type LiveState } from "./follower";

export type Live = LiveState & { hold(): void; release(): void };

const Context = createContext<Live | null>(null);

/** Whether the page is live, and the button that holds it. */
export function useLive(): Live {
  const live = useContext(Context);
  if (live === null) throw new Error("useLive is used outside LiveProvider");
  return live;
}

/** Keeps what is inside in step with the feed. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [state, setState] = useState(BEGINNING);
  const follower = useRef<Follower>(null);
  useEffect(() => {
    const one = new Follower(queries, setState);
    follower.current = one;
    one.start();
    return () => one.stop();
  }, [queries]);
  const live = useMemo(
    () => ({
      ...state,
      hold: () => follower.current?.hold(),
      release: () => follower.current?.release(),
    }),
    [state],
  );
  return <Context value={live}>{children}</Context>;
}
