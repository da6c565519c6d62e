/** One field of a task's input, by its kind. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import Textarea from "@cloudscape-design/components/textarea";
import { TextWithCode } from "@/components/text-with-code";
import type { Field } from "./parameter-schema";

export interface ParameterFieldProps {
  field: Field;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

function hint({ schema, required }: Field): string {
  if (schema.default !== undefined) return `${JSON.stringify(schema.default)} by default`;
  return required ? "" : "Optional";
}

function constraint({ schema, kind }: Field): string {
  const { minimum: least, maximum: most } = schema;
  if (least !== undefined && most !== undefined) return `${least} to ${most}.`;
  if (least !== undefined) return `At least ${least}.`;
  if (most !== undefined) return `At most ${most}.`;
  return kind === "json" ? "As JSON." : "";
}

export function ParameterField({ field, value, error, onChange }: ParameterFieldProps) {
  const { name, kind, schema, required } = field;
  return (
    <FormField
      label={
        <>
          {name}
          {!required && <i> - optional</i>}
        </>
      }
      {...(schema.description ? { description: <TextWithCode text={schema.description} /> } : {})}
      {...(constraint(field) ? { constraintText: constraint(field) } : {})}
      {...(error ? { errorText: `${name} ${error}` } : {})}
    >
      {kind === "choice" || kind === "boolean" ? (
        <Choice field={field} value={value} onChange={onChange} />
      ) : kind === "json" ? (
        <Textarea rows={3} value={value} placeholder={hint(field)} onChange={({ detail }) => onChange(detail.value)} />
      ) : (
        <Input
          value={value}
          placeholder={hint(field)}
          inputMode={kind === "text" ? "text" : "decimal"}
          onChange={({ detail }) => onChange(detail.value)}
        />
      )}
    </FormField>
  );
}

function Choice({ field, value, onChange }: Omit<ParameterFieldProps, "error">) {
  const values = field.kind === "boolean" ? ["true", "false"] : (field.schema.enum ?? []).map(String);
  const options = [
    ...(field.required ? [] : [{ value: "", label: hint(field) }]),
    ...values.map((each) => ({ value: each, label: each })),
  ];
  return (
    <Select
      selectedOption={options.find((each) => each.value === value) ?? null}
      options={options}
      placeholder="Choose"
      onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
    />
  );
}
