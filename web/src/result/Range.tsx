/** A labelled slider with its value in words. */

interface Props {
  label: string;
  value: number;
  minimum: number;
  maximum: number;
  step: number;
  text: string;
  change: (value: number) => void;
}

export function Range({ label, value, minimum, maximum, step, text, change }: Props) {
  return (
    <label className="range">
      <span>{label}</span>
      <input
        type="range"
        min={minimum}
        max={maximum}
        step={step}
        value={value}
        aria-valuetext={text}
        onChange={(event) => change(Number(event.target.value))}
      />
      <output>{text}</output>
    </label>
  );
}
