interface ChoiceProps<Value> {
  readonly label: string;
  readonly options: readonly (readonly [Value, string])[];
  readonly chosen: Value;
  readonly choose: (value: Value) => void;
}

/** Buttons of which one is pressed. */
export const Choice = <Value extends string | boolean>({
  label,
  options,
  chosen,
  choose,
}: ChoiceProps<Value>) => (
  <fieldset class="choice">
    <legend>{label}</legend>
    <div class="choice-options">
      {options.map(([value, text]) => (
        <button key={text} type="button" aria-pressed={value === chosen} onClick={() => choose(value)}>
          {text}
        </button>
      ))}
    </div>
  </fieldset>
);
