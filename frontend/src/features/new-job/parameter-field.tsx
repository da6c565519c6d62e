/** The form field of one parameter. Its control depends on the type of the parameter. */

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

function placeholder({ schema }: Field): string {
  return schema.default === undefined ? "" : `Default: ${JSON.stringify(schema.default)}`;
}

function constraint({ schema, kind }: Field): string {
  const { minimum: min, maximum: max } = schema;
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `At least ${min}`;
  if (max !== undefined) return `At most ${max}`;
  return kind === "json" ? "JSON" : "";
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
        <ValueSelect field={field} value={value} onChange={onChange} />
      ) : kind === "json" ? (
        <Textarea
          rows={3}
          value={value}
          placeholder={placeholder(field)}
          onChange={({ detail }) => onChange(detail.value)}
        />
      ) : (
        <Input
          value={value}
          placeholder={placeholder(field)}
          inputMode={kind === "text" ? "text" : "decimal"}
          onChange={({ detail }) => onChange(detail.value)}
        />
      )}
    </FormField>
  );
}

function ValueSelect({ field, value, onChange }: Omit<ParameterFieldProps, "error">) {
  const values = field.kind === "boolean" ? ["true", "false"] : (field.schema.enum ?? []).map(String);
  const options = [
    ...(field.required ? [] : [{ value: "", label: placeholder(field) || "No value" }]),
    ...values.map((each) => ({ value: each, label: each })),
  ];
  return (
    <Select
      selectedOption={options.find((each) => each.value === value) ?? null}
      options={options}
      placeholder="Choose a value"
      onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
    />
  );
}
