import { Check, Info, X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import { Button } from "./Button";

const STAYS_MS = 6_000;
const MS_PER_CHARACTER = 40;

type Toast = { id: number; text: string; detail: string };
type Say = (text: string, detail?: string) => void;

const Context = createContext<Say>(() => undefined);

/** Confirm in a few words what was just done. What went wrong is said where it was asked for, not here. */
export function useToast(): Say {
  return useContext(Context);
}

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const [read, setRead] = useState(false);
  const [high, setHigh] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const next = useRef(1);
  const say = useCallback<Say>((text, detail = "") => {
    const id = next.current++;
    setToasts((now) => [...now.filter((one) => one.text !== text).slice(-2), { id, text, detail }]);
    setHigh(focusIsLow());
  }, []);
  const drop = useCallback((id: number) => {
    setToasts((now) => now.filter((one) => one.id !== id));
    setRead(false);
  }, []);
  useEffect(() => {
    const move = () => {
      if (!place.current?.contains(document.activeElement)) setHigh(focusIsLow());
    };
    document.addEventListener("focusin", move);
    return () => document.removeEventListener("focusin", move);
  }, []);
  return (
    <Context value={say}>
      {children}
      <div
        ref={place}
        role="status"
        onMouseEnter={() => setRead(true)}
        onMouseLeave={() => setRead(false)}
        onFocus={() => setRead(true)}
        onBlur={() => setRead(false)}
        className={`not-printed pointer-events-none fixed inset-x-3 z-50 flex flex-col gap-2 sm:left-auto sm:w-96 ${high ? "top-16" : "bottom-3"}`}
      >
        {toasts.map((toast) => (
          <ToastNote key={toast.id} toast={toast} read={read} drop={drop} />
        ))}
      </div>
    </Context>
  );
}

/** Whether what has the focus is in the lower half of the window, where a note would cover it. */
function focusIsLow(): boolean {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) return false;
  const { top, bottom } = focused.getBoundingClientRect();
  return (top + bottom) / 2 > window.innerHeight / 2;
}

type Props = { toast: Toast; read: boolean; drop(id: number): void };

/** Goes after a while, but not while somebody is at it. */
function ToastNote({ toast: { id, text, detail }, read, drop }: Props) {
  useEffect(() => {
    if (read) return;
    const timer = setTimeout(() => drop(id), STAYS_MS + detail.length * MS_PER_CHARACTER);
    return () => clearTimeout(timer);
  }, [read, drop, id, detail]);
  return (
    <div className="pointer-events-auto flex items-start gap-2 rounded-lg border border-line bg-surface p-2.5 shadow-float">
      <span aria-hidden className="mt-0.5 [&>svg]:size-4">
        {detail === "" ? <Check className="text-good" /> : <Info className="text-warn" />}
      </span>
      <div className="min-w-0 grow">
        <p className="font-medium wrap-anywhere">{text}</p>
        {detail !== "" && <p className="text-muted wrap-anywhere">{detail}</p>}
      </div>
      <Button kind="quiet" icon={<X />} iconOnly onClick={() => drop(id)} className="-my-1">
        Dismiss
      </Button>
    </div>
  );
}
