import { Check, Info, X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { Button } from "./Button";

const STAYS_MS = 6_000;

type Toast = { id: number; text: string; detail: string };
type Say = (text: string, detail?: string) => void;

const Context = createContext<Say>(() => undefined);

/** Confirm in a few words what was just done. What went wrong is said where it was asked for, not here. */
export function useToast(): Say {
  return useContext(Context);
}

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(1);
  const drop = useCallback((id: number) => setToasts((now) => now.filter((one) => one.id !== id)), []);
  const say = useCallback<Say>(
    (text, detail = "") => {
      const id = next.current++;
      setToasts((now) => [...now.slice(-2), { id, text, detail }]);
      setTimeout(() => drop(id), STAYS_MS + detail.length * 40);
    },
    [drop],
  );
  const shown = useMemo(
    () =>
      toasts.map((toast) => (
        <div
          key={toast.id}
          className="pointer-events-auto flex items-start gap-2 rounded-lg border border-line bg-surface p-2.5 shadow-float"
        >
          <span aria-hidden className="mt-0.5 [&>svg]:size-4">
            {toast.detail === "" ? <Check className="text-good" /> : <Info className="text-warn" />}
          </span>
          <div className="min-w-0 grow">
            <p className="font-medium">{toast.text}</p>
            {toast.detail !== "" && <p className="text-muted wrap-anywhere">{toast.detail}</p>}
          </div>
          <Button kind="quiet" icon={<X />} iconOnly onClick={() => drop(toast.id)} className="-my-1">
            Dismiss
          </Button>
        </div>
      )),
    [toasts, drop],
  );
  return (
    <Context value={say}>
      {children}
      <div
        role="status"
        className="not-printed pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col gap-2 sm:left-auto sm:w-96"
      >
        {shown}
      </div>
    </Context>
  );
}
