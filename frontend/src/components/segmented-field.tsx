/** A form field with a segmented control. On narrow screens the control is a select with its own label. */

import FormField from "@cloudscape-design/components/form-field";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useIsMobile } from "@/components/use-is-mobile";

export interface SegmentedFieldProps<T extends string> {
  label: string;
  description?: string;
  value: T;
  labels: Record<T, string>;
  onChange: (value: T) => void;
}

export function SegmentedField<T extends string>({
  label,
  description,
  value,
  labels,
  onChange,
}: SegmentedFieldProps<T>) {
  const mobile = useIsMobile();
  return (
    <FormField {...(mobile ? {} : { label })} {...(description ? { constraintText: description } : {})}>
      <SegmentedControl
        label={label}
        selectedId={value}
        options={(Object.keys(labels) as T[]).map((id) => ({ id, text: labels[id] }))}
        onChange={({ detail }) => onChange(detail.selectedId as T)}
      />
    </FormField>
  );
}
