/** One of a few, all in sight; on a phone a list, which brings a label of its own. */

import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useIsMobile } from "@/components/use-is-mobile";

export interface SegmentedFieldProps<T extends string> {
  label: string;
  description?: string;
  value: T;
  /** What each is called. */
  labels: Record<T, string>;
  onChange: (value: T) => void;
}

export function SegmentedField<T extends string>({
  label,
  description,
  value: chosen,
  labels: words,
  onChange: onChoose,
}: SegmentedFieldProps<T>) {
  const phone = useIsMobile();
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
