/** A task type's JSON Schema, as far as a form needs it; the API checks all of it. */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  examples?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

type Kind = "text" | "integer" | "number" | "boolean" | "choice" | "json";

export interface Field {
  name: string;
  kind: Kind;
  required: boolean;
  nullable: boolean;
  schema: Schema;
}

/** The input of a task, field by field, in the order of its signature. */
export function fieldsOf(root: Schema): Field[] {
  const required = new Set(root.required ?? []);
  return Object.entries(root.properties ?? {}).map(([name, said]) => {
    const { schema, nullable } = resolved(said, root);
    return {
      name,
      kind: kindOf(schema),
      required: required.has(name),
      nullable,
      schema: { ...schema, ...described(said) },
    };
  });
}

const described = ({ description, title, default: given }: Schema): Schema => ({
  ...(description === undefined ? {} : { description }),
  ...(title === undefined ? {} : { title }),
  ...(given === undefined ? {} : { default: given }),
});

function resolved(said: Schema, root: Schema): { schema: Schema; nullable: boolean } {
  if (said.$ref) return resolved(root.$defs?.[said.$ref.replace("#/$defs/", "")] ?? {}, root);
  const kinds = said.anyOf?.filter((each) => each.type !== "null");
  if (said.anyOf && kinds?.length === 1 && kinds[0]) {
    return { schema: resolved(kinds[0], root).schema, nullable: kinds.length < said.anyOf.length };
  }
  return { schema: said, nullable: false };
}

function kindOf(schema: Schema): Kind {
  if (schema.enum) return "choice";
  switch (schema.type) {
    case "string":
      return "text";
    case "integer":
    case "number":
    case "boolean":
      return schema.type;
    default:
      return "json";
  }
}

/** The value that a text stands for; throws an Error that says what is wrong with it. */
export function parseValue(text: string, field: Field): unknown {
  const value = parsed(text, field);
  const wrong = valueError(value, field);
  if (wrong) throw new Error(wrong);
  return value;
}

function parsed(text: string, { kind, schema, nullable }: Field): unknown {
  if (nullable && text === "null") return null;
  switch (kind) {
    case "text":
      return text;
    case "choice":
      return schema.enum?.find((each) => String(each) === text) ?? text;
    case "boolean":
      if (text !== "true" && text !== "false") throw new Error("must be true or false");
      return text === "true";
    case "integer":
    case "number": {
      const number = Number(text);
      if (!text.trim() || !Number.isFinite(number)) throw new Error("must be a number");
      return number;
    }
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw new Error("must be JSON");
      }
  }
}

/** What is wrong with a value, or null. */
function valueError(value: unknown, { kind, schema, nullable }: Field): string | null {
  if (value === null) return nullable ? null : "must not be null";
  switch (kind) {
    case "text":
      return typeof value === "string" ? textFault(value, schema) : "must be a text";
    case "choice":
      return schema.enum?.includes(value) ? null : `must be one of ${schema.enum?.join(", ")}`;
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false";
    case "integer":
      if (typeof value !== "number" || !Number.isInteger(value)) return "must be a whole number";
      return rangeFault(value, schema);
    case "number":
      return typeof value === "number" ? rangeFault(value, schema) : "must be a number";
    case "json":
      if (schema.type === "array") return Array.isArray(value) ? null : "must be a list";
      if (schema.type === "object") return isObject(value) ? null : "must be an object";
      return null;
  }
}

function textFault(value: string, { minLength, maxLength, pattern }: Schema): string | null {
  if (minLength !== undefined && value.length < minLength) return `must have at least ${minLength} characters`;
  if (maxLength !== undefined && value.length > maxLength) return `must have at most ${maxLength} characters`;
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) return `must match ${pattern}`;
  return null;
}

function rangeFault(value: number, schema: Schema): string | null {
  if (schema.minimum !== undefined && value < schema.minimum) return `must be at least ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `must be at most ${schema.maximum}`;
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
    return `must be over ${schema.exclusiveMinimum}`;
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum)
    return `must be under ${schema.exclusiveMaximum}`;
  return null;
}

/** What is wrong with one task's input, beside what all tasks have in common. */
export function inputError(input: unknown, fields: Field[], shared: ReadonlySet<string>): string | null {
  if (!isObject(input)) return "must be an object";
  const known = new Map(fields.map((each) => [each.name, each]));
  for (const [name, value] of Object.entries(input)) {
    const field = known.get(name);
    if (!field) return `${name} is not a field of this task type`;
    const wrong = valueError(value, field);
    if (wrong) return `${name} ${wrong}`;
  }
  const missing = fields.find((each) => each.required && !(each.name in input) && !shared.has(each.name));
  return missing ? `${missing.name} is missing` : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
