/** One of a few, all in sight; on a phone a list, which brings a label of its own. */

import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useIsPhone } from "@/components/phone";

export interface ChoiceProps<T extends string> {
  label: string;
  description?: string;
  chosen: T;
  /** What each is called. */
  words: Record<T, string>;
  onChoose: (value: T) => void;
}

export function Choice<T extends string>({ label, description, chosen, words, onChoose }: ChoiceProps<T>) {
  const phone = useIsPhone();
  return (
    <FormField {...(phone ? {} : { label })} {...(description ? { constraintText: description } : {})}>
      <SegmentedControl
        label={label}
        selectedId={chosen}
        options={(Object.keys(words) as T[]).map((id) => ({ id, text: words[id] }))}
        onChange={({ detail }) => onChoose(detail.selectedId as T)}
      />
    </FormField>
  );
}
