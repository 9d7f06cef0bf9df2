/** Files dropped anywhere on the page are uploaded; a panel tells how far they are. */

import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../app/session";
import { droppedFiles } from "./files";
import { UploadPanel } from "./UploadPanel";
import { type Item, Uploads } from "./uploads";

interface Uploading {
  route: string;
  setRoute: (route: string) => void;
  add: (files: readonly File[]) => void;
}

const UploadContext = createContext<Uploading | null>(null);

export function useUploading(): Uploading {
  const uploading = useContext(UploadContext);
  if (uploading === null) throw new Error("there is no UploadArea above this component");
  return uploading;
}

export function UploadArea({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { source, models } = useSession();
  const uploads = useMemo(() => new Uploads(source), [source]);
  const items = useSyncExternalStore<readonly Item[]>(uploads.subscribe, uploads.all);
  const [chosen, setRoute] = useState<string | null>(null);
  const route = chosen ?? models.flatMap((model) => model.routes)[0] ?? "";
  const over = useDrop((files) => uploads.add(files, route));
  const context = useMemo(
    () => ({ route, setRoute, add: (files: readonly File[]) => uploads.add(files, route) }),
    [route, uploads],
  );
  return (
    <UploadContext value={context}>
      {children}
      {over && (
        <div className="drop-here" aria-hidden="true">
          <p>
            {t("upload.drop")}
            <small>{route ? `${route}/` : t("upload.byContent")}</small>
          </p>
        </div>
      )}
      {items.length > 0 && <UploadPanel items={items} uploads={uploads} />}
    </UploadContext>
  );
}

/** True while files are held over the page. */
function useDrop(take: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    let depth = 0;
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: DragEvent) => {
      if (!carries(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!carries(event)) return;
      depth = Math.max(0, depth - 1);
      setOver(depth > 0);
    };
    const hold = (event: DragEvent) => {
      if (carries(event)) event.preventDefault();
    };
    const drop = async (event: DragEvent) => {
      if (!carries(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      latest.current(await droppedFiles(event.dataTransfer));
    };
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", hold);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", hold);
      removeEventListener("drop", drop);
    };
  }, []);
  return over;
}
