/** The fields that define the tasks of a new job: a number, a grid of values, or one row per task. */

import Alert from "@cloudscape-design/components/alert";
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Box from "@cloudscape-design/components/box";
import FileUpload from "@cloudscape-design/components/file-upload";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Tiles from "@cloudscape-design/components/tiles";
import { useState } from "react";
import { formatBytes, formatNumber, pluralize, toSentence } from "@/lib/format";
import { type Axis, type Draft, parseAxis, type TaskSource, type ValidatedDraft } from "./draft";
import type { InputRows } from "./input-rows";
import type { Field } from "./parameter-schema";

export interface TaskSourceFieldsProps {
  draft: Draft;
  validated: ValidatedDraft;
  fields: Field[];
  errors: Record<string, string>;
  onChange: (part: Partial<Draft>) => void;
}

export function TaskSourceFields(props: TaskSourceFieldsProps) {
  const { draft, errors, onChange } = props;
  return (
    <SpaceBetween size="l">
      <Tiles
        value={draft.source}
        ariaLabel="Task source"
        columns={3}
        onChange={({ detail }) => onChange({ source: detail.value as TaskSource })}
        items={[
          {
            value: "count",
            label: "Count",
            description: "Same parameters for every task; each gets its own index",
          },
          { value: "grid", label: "Grid", description: "One task for each combination of field values" },
          { value: "rows", label: "Rows", description: "One task for each row of JSON Lines or CSV" },
        ]}
      />
      {draft.source === "count" && (
        <FormField label="Number of tasks" constraintText="1 to 1,000,000" {...errorText(errors.count ?? errors.tasks)}>
          <Input value={draft.count} inputMode="numeric" onChange={({ detail }) => onChange({ count: detail.value })} />
        </FormField>
      )}
      {draft.source === "grid" && <GridFields {...props} />}
      {draft.source === "rows" && <RowFields {...props} />}
    </SpaceBetween>
  );
}

const errorText = (text: string | undefined) => (text ? { errorText: text } : {});

function GridFields({ draft, validated, fields, errors, onChange }: TaskSourceFieldsProps) {
  const changeAxis = (axis: Axis, part: Partial<Axis>): void =>
    onChange({ axes: draft.axes.map((each) => (each === axis ? { ...each, ...part } : each)) });
  return (
    <SpaceBetween size="s">
      <AttributeEditor<Axis>
        items={draft.axes}
        addButtonText="Add field"
        removeButtonText="Remove"
        isItemRemovable={() => draft.axes.length > 1}
        onAddButtonClick={() =>
          onChange({
            axes: [...draft.axes, { id: Math.max(...draft.axes.map((each) => each.id)) + 1, field: "", values: "" }],
          })
        }
        onRemoveButtonClick={({ detail }) => onChange({ axes: draft.axes.filter((_, i) => i !== detail.itemIndex) })}
        definition={[
          {
            label: "Field",
            control: (axis) => (
              <Select
                selectedOption={axis.field ? { value: axis.field, label: axis.field } : null}
                placeholder="Choose a field"
                options={fields.map(({ name }) => ({
                  value: name,
                  label: name,
                  disabled: draft.axes.some((each) => each !== axis && each.field === name),
                }))}
                onChange={({ detail }) => changeAxis(axis, { field: detail.selectedOption.value ?? "" })}
              />
            ),
            errorText: (axis) => errors[`axis.${axis.id}`],
          },
          {
            label: "Values",
            constraintText: "Values separated by commas, or a range such as 0..100, which excludes 100",
            control: (axis) => (
              <Input value={axis.values} onChange={({ detail }) => changeAxis(axis, { values: detail.value })} />
            ),
          },
        ]}
      />
      <Box>
        <span className="figures" aria-live="polite">
          {describeProduct(draft.axes, fields)} = <b>{pluralize(validated.tasks, "task")}</b>
        </span>
      </Box>
      {errors.tasks && <Alert type="error">{toSentence(errors.tasks)}</Alert>}
    </SpaceBetween>
  );
}

/** The sizes of the axes, such as "3 lr × 100 seed". */
function describeProduct(axes: Axis[], fields: Field[]): string {
  return axes
    .map((axis) => {
      try {
        return `${formatNumber(parseAxis(axis, fields).size)} ${axis.field}`;
      } catch {
        return "?";
      }
    })
    .join(" × ");
}

/** Longer texts are shortened and read-only in the text area. */
const MAX_EDITABLE_LENGTH = 200_000;

function RowFields({ draft, validated, fields, errors, onChange }: TaskSourceFieldsProps) {
  const [files, setFiles] = useState<File[]>([]);
  const names = fields.map((each) => each.name);
  const tooLong = draft.rows.length > MAX_EDITABLE_LENGTH;
  const example = JSON.stringify(Object.fromEntries(names.slice(0, 2).map((each) => [each, "…"])));
  return (
    <SpaceBetween size="s">
      <FormField
        label="Rows"
        description="JSON Lines, or CSV with a header line. The parameters below apply to all rows."
        {...errorText(errors.rows)}
      >
        <Textarea
          rows={8}
          spellcheck={false}
          value={tooLong ? `${draft.rows.slice(0, 2_000)}\n…` : draft.rows}
          readOnly={tooLong}
          placeholder={`${example}\n\nor\n\n${names.slice(0, 3).join(",")}`}
          onChange={({ detail }) => onChange({ rows: detail.value })}
        />
      </FormField>
      <FileUpload
        value={files}
        accept=".jsonl,.ndjson,.csv,.json,.txt"
        constraintText={
          draft.rows ? `${formatBytes(draft.rows.length)} loaded` : "JSON Lines or CSV, up to 1,000,000 rows"
        }
        onChange={({ detail }) => {
          setFiles(detail.value);
          const [file] = detail.value;
          if (file) void file.text().then((text) => onChange({ rows: text }));
          else onChange({ rows: "" });
        }}
        i18nStrings={{
          uploadButtonText: () => "Choose file",
          dropzoneText: () => "Drop file to upload",
          removeFileAriaLabel: () => "Remove file",
          limitShowFewer: "Show fewer",
          limitShowMore: "Show more",
          errorIconAriaLabel: "Error",
        }}
      />
      {validated.rows && draft.rows && <RowsAlert rows={validated.rows} />}
    </SpaceBetween>
  );
}

function RowsAlert({ rows: { inputs, errors, hiddenErrors } }: { rows: InputRows }) {
  if (!errors.length) {
    return <Alert type="success" header={pluralize(inputs.length, "valid row")} />;
  }
  return (
    <Alert type="error" header={pluralize(errors.length + hiddenErrors, "invalid row")}>
      {errors.map((each) => (
        <div key={each.line}>
          Line {formatNumber(each.line)}: {each.message}
        </div>
      ))}
      {hiddenErrors > 0 && <div>and {formatNumber(hiddenErrors)} more</div>}
    </Alert>
  );
}
