/** How many tasks there are, and in what they differ. */

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
import { formatBytes, formatNumber, pluralize } from "@/lib/format";
import { parseAxis, type Axis, type ValidatedDraft, type Draft, type Source } from "./draft";
import type { Field } from "./parameter-schema";

export interface TaskSourceFieldsProps {
  draft: Draft;
  checked: ValidatedDraft;
  fields: Field[];
  shownErrors: Record<string, string>;
  onChange: (part: Partial<Draft>) => void;
}

export function TaskSourceFields(props: TaskSourceFieldsProps) {
  const { draft, shownErrors, onChange } = props;
  return (
    <SpaceBetween size="l">
      <Tiles
        value={draft.source}
        ariaLabel="Where tasks come from"
        columns={3}
        onChange={({ detail }) => onChange({ source: detail.value as Source })}
        items={[
          {
            value: "count",
            label: "A number of tasks",
            description: "All with the same parameters, told apart by index",
          },
          { value: "grid", label: "A grid", description: "Every combination of the values of some fields" },
          { value: "rows", label: "Rows", description: "One task a row of JSON Lines or CSV" },
        ]}
      />
      {draft.source === "count" && (
        <FormField label="Tasks" constraintText="1 to 1,000,000." {...errorOf(shownErrors.count ?? shownErrors.tasks)}>
          <Input value={draft.count} inputMode="numeric" onChange={({ detail }) => onChange({ count: detail.value })} />
        </FormField>
      )}
      {draft.source === "grid" && <GridForm {...props} />}
      {draft.source === "rows" && <RowsForm {...props} />}
    </SpaceBetween>
  );
}

const errorOf = (text: string | undefined) => (text ? { errorText: text } : {});

function GridForm({ draft, checked, fields, shownErrors, onChange }: TaskSourceFieldsProps) {
  const set = (axis: Axis, part: Partial<Axis>): void =>
    onChange({ axes: draft.axes.map((each) => (each === axis ? { ...each, ...part } : each)) });
  return (
    <SpaceBetween size="s">
      <AttributeEditor<Axis>
        items={draft.axes}
        addButtonText="Add a field"
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
                onChange={({ detail }) => set(axis, { field: detail.selectedOption.value ?? "" })}
              />
            ),
            errorText: (axis) => shownErrors[`axis.${axis.id}`],
          },
          {
            label: "Values",
            constraintText: "With commas between, or 0..100, where 100 is not reached",
            control: (axis) => (
              <Input value={axis.values} onChange={({ detail }) => set(axis, { values: detail.value })} />
            ),
          },
        ]}
      />
      <Box>
        <span className="figures" aria-live="polite">
          {product(draft.axes, fields)} = <b>{pluralize(checked.tasks, "task")}</b>
        </span>
      </Box>
      {shownErrors.tasks && <Alert type="error">{shownErrors.tasks}.</Alert>}
    </SpaceBetween>
  );
}

/** 3 lr × 100 seed */
function product(axes: Axis[], fields: Field[]): string {
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

function RowsForm({ draft, checked, fields, shownErrors, onChange }: TaskSourceFieldsProps) {
  const [files, setFiles] = useState<File[]>([]);
  const { rows } = checked;
  const names = fields.map((each) => each.name);
  return (
    <SpaceBetween size="s">
      <FormField
        label="Rows"
        description="JSON Lines, or CSV whose first line names the fields. Parameters below hold for all rows."
        {...errorOf(shownErrors.rows)}
      >
        <Textarea
          rows={8}
          spellcheck={false}
          value={draft.rows.length > 200_000 ? `${draft.rows.slice(0, 2_000)}\n…` : draft.rows}
          readOnly={draft.rows.length > 200_000}
          placeholder={`${JSON.stringify(Object.fromEntries(names.slice(0, 2).map((each) => [each, "…"])))}\n\nor\n\n${names.slice(0, 3).join(",")}`}
          onChange={({ detail }) => onChange({ rows: detail.value })}
        />
      </FormField>
      <FileUpload
        value={files}
        accept=".jsonl,.ndjson,.csv,.json,.txt"
        constraintText={
          draft.rows ? `${formatBytes(draft.rows.length)} are in hand` : "JSON Lines or CSV, to a million rows"
        }
        onChange={({ detail }) => {
          setFiles(detail.value);
          const [file] = detail.value;
          if (file) void file.text().then((text) => onChange({ rows: text }));
          else onChange({ rows: "" });
        }}
        i18nStrings={{
          uploadButtonText: () => "Choose a file",
          dropzoneText: () => "Drop a file",
          removeFileAriaLabel: () => "Remove the file",
          limitShowFewer: "Show fewer",
          limitShowMore: "Show more",
          errorIconAriaLabel: "Error",
        }}
      />
      {rows && draft.rows && (
        <Alert
          type={rows.faults.length ? "error" : "success"}
          header={
            rows.faults.length
              ? `${pluralize(rows.faults.length + rows.more, "row")} cannot be right`
              : `${pluralize(rows.inputs.length, "row")}, all fit the task type`
          }
        >
          {rows.faults.map((each) => (
            <div key={each.line}>
              Line {formatNumber(each.line)}: {each.message}
            </div>
          ))}
          {rows.more > 0 && <div>and {formatNumber(rows.more)} more</div>}
        </Alert>
      )}
    </SpaceBetween>
  );
}
