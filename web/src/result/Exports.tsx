/** Getting the numbers and the picture out. */

import { type RefObject, useState } from "react";
import { useTranslation } from "react-i18next";
import { addressOf } from "../app/address";
import { labelsToCsv, objectsToCsv } from "../domain/csv";
import { type Finding, fileName, type Result } from "../domain/result";

interface Props {
  result: Result;
  /** Those that are shown; null: the model names labels and finds no objects. */
  objects: readonly Finding[] | null;
  /** Operating points that the user moved. */
  thresholds: ReadonlyMap<string, number>;
  canvas: RefObject<HTMLCanvasElement | null>;
}

export function Exports({ result, objects, thresholds, canvas }: Props) {
  const { t } = useTranslation();
  const [linked, setLinked] = useState(false);
  const name = fileName(result.source.object);
  const copy = async () => {
    const link = new URL(addressOf(result.resultId), location.href).href;
    await navigator.clipboard.writeText(link);
    setLinked(true);
    setTimeout(() => setLinked(false), 2000);
  };
  return (
    <fieldset className="exports">
      <legend>{t("export.title")}</legend>
      {(objects || result.findings.length > 0) && (
        <button
          type="button"
          title={t(objects ? "export.csv" : "export.labels")}
          onClick={() =>
            save(
              `${name}.csv`,
              objects ? objectsToCsv(result, objects) : labelsToCsv(result, thresholds),
              "text/csv",
            )
          }
        >
          CSV
        </button>
      )}
      <button
        type="button"
        title={t("export.json")}
        onClick={() =>
          save(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`, "application/json")
        }
      >
        JSON
      </button>
      {result.width > 0 && (
        <button
          type="button"
          title={t("export.png")}
          onClick={() =>
            canvas.current?.toBlob((blob) => blob && saveBlob(`${name}.png`, blob), "image/png")
          }
        >
          PNG
        </button>
      )}
      <button type="button" onClick={() => void copy()}>
        {t(linked ? "result.linked" : "result.link")}
      </button>
    </fieldset>
  );
}

const save = (name: string, text: string, type: string) =>
  saveBlob(name, new Blob([text], { type }));

function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
