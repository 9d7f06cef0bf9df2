/** Choosing files or a folder, and the route that they take. */

import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../app/session";
import { useUploading } from "./UploadArea";

export function UploadButtons() {
  const { t } = useTranslation();
  const { models, source } = useSession();
  const { route, setRoute, add } = useUploading();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const routes = [...new Set(models.flatMap((model) => model.routes))].sort();
  const take = (input: HTMLInputElement) => {
    add([...(input.files ?? [])]);
    input.value = "";
  };
  return (
    <div className="upload">
      <label className="plain">
        <span className="unseen">{t("upload.route")}</span>
        <select value={route} onChange={(event) => setRoute(event.target.value)}>
          {routes.map((name) => (
            <option key={name} value={name}>{`${name}/`}</option>
          ))}
          {source.routesByContent && <option value="">{t("upload.byContent")}</option>}
        </select>
      </label>
      <button type="button" className="primary" onClick={() => files.current?.click()}>
        {t("upload.choose")}
      </button>
      <button type="button" className="wide-only" onClick={() => folder.current?.click()}>
        {t("upload.folder")}
      </button>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-testid="files"
        onChange={(event) => take(event.target)}
      />
      <input
        ref={(element) => {
          folder.current = element;
          element?.setAttribute("webkitdirectory", ""); // no attribute of React's own
        }}
        type="file"
        hidden
        onChange={(event) => take(event.target)}
      />
    </div>
  );
}
