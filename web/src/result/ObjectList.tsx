/** The objects that are shown, to pick one with the keyboard or a finger. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLabelName, useModel } from "../app/session";
import { numbersOf } from "../domain/numbering";
import type { Finding, Result } from "../domain/result";
import { percent } from "../language/numbers";
import type { View } from "./view";

const ROW_HEIGHT = 30;

interface Props {
  result: Result;
  /** Of the frame that is shown. */
  objects: readonly Finding[];
  picked: Finding | null;
  change: (part: Partial<View>) => void;
}

export const ObjectList = memo(function ObjectList({ result, objects, picked, change }: Props) {
  const { t } = useTranslation();
  const nameOf = useLabelName();
  const model = useModel(result.model?.name);
  const numbers = numbersOf(result.findings);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: objects.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 4,
  });
  const at = picked ? objects.indexOf(picked) : -1;
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  const pick = (one: Finding | undefined) => {
    const number = one && numbers.get(one);
    if (one && number !== undefined) change({ picked: { frame: one.frame, number } });
  };
  return (
    <div
      className="objects"
      ref={scroller}
      role="listbox"
      aria-label={t("object.list")}
      aria-activedescendant={picked && at >= 0 ? `object-${numbers.get(picked)}` : undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        pick(objects[Math.max(0, Math.min(objects.length - 1, at + step))]);
      }}
    >
      <div style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const one = objects[item.index];
          if (!one) return null;
          const number = numbers.get(one);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself takes the keys
            // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant names it
            <div
              key={number}
              id={`object-${number}`}
              role="option"
              aria-selected={one === picked}
              aria-setsize={objects.length}
              aria-posinset={item.index + 1}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              onClick={() => pick(one)}
            >
              <i
                className="swatch"
                style={{ background: model?.colors.get(one.label) ?? "#E69F00" }}
              />
              <span>{nameOf(result.model?.name, one.label)}</span>
              <span className="soft">#{number}</span>
              <b>{percent(one.score ?? one.probability)}</b>
            </div>
          );
        })}
      </div>
    </div>
  );
});
