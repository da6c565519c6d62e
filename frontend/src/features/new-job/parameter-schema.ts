/**
 * The part of JSON Schema that the form uses. The API validates the inputs against the whole schema. The form evaluates no `pattern`: a
 * worker wrote it, and the browser matches it in exponential time.
 */

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

/** The fields of a task's input, in the order of the function's signature. */
export function fieldsOf(root: Schema): Field[] {
  const required = new Set(root.required ?? []);
  return Object.entries(root.properties ?? {}).map(([name, property]) => {
    const { schema, nullable } = resolve(property, root);
    return {
      name,
      kind: kindOf(schema),
      required: required.has(name),
      nullable,
      schema: { ...schema, ...annotations(property) },
    };
  });
}

/** The annotations of a property, which take precedence over those of the schema that it refers to. */
const annotations = ({ description, title, default: defaultValue }: Schema): Schema => ({
  ...(description === undefined ? {} : { description }),
  ...(title === undefined ? {} : { title }),
  ...(defaultValue === undefined ? {} : { default: defaultValue }),
});

/** Follows references, and unwraps `anyOf` of one schema and null. */
function resolve(schema: Schema, root: Schema): { schema: Schema; nullable: boolean } {
  if (schema.const !== undefined && !schema.enum)
    return { schema: { ...schema, enum: [schema.const] }, nullable: false };
  if (schema.$ref) return resolve(root.$defs?.[schema.$ref.replace("#/$defs/", "")] ?? {}, root);
  const alternatives = schema.anyOf?.filter((each) => each.type !== "null");
  if (schema.anyOf && alternatives?.length === 1 && alternatives[0]) {
    return { schema: resolve(alternatives[0], root).schema, nullable: alternatives.length < schema.anyOf.length };
  }
  return { schema, nullable: false };
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

/** Parses the value of a field. Throws an Error with a message if the text is invalid. */
export function parseValue(text: string, field: Field): unknown {
  const value = convert(text, field);
  const error = valueError(value, field);
  if (error) throw new Error(error);
  return value;
}

function convert(text: string, { kind, schema, nullable }: Field): unknown {
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
        throw new Error("must be valid JSON");
      }
  }
}

/** The error of a value, or null if it is valid. */
function valueError(value: unknown, { kind, schema, nullable }: Field): string | null {
  if (value === null) return nullable ? null : "must not be null";
  switch (kind) {
    case "text":
      return typeof value === "string" ? stringError(value, schema) : "must be a string";
    case "choice":
      return schema.enum?.includes(value) ? null : `must be one of ${schema.enum?.join(", ")}`;
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false";
    case "integer":
      if (typeof value !== "number" || !Number.isInteger(value)) return "must be a whole number";
      return rangeError(value, schema);
    case "number":
      return typeof value === "number" ? rangeError(value, schema) : "must be a number";
    case "json":
      if (schema.type === "array") return Array.isArray(value) ? null : "must be a list";
      if (schema.type === "object") return isObject(value) ? null : "must be an object";
      return null;
  }
}

function stringError(value: string, { minLength, maxLength }: Schema): string | null {
  if (minLength !== undefined && value.length < minLength) return `must have at least ${minLength} characters`;
  if (maxLength !== undefined && value.length > maxLength) return `must have at most ${maxLength} characters`;
  return null;
}

function rangeError(value: number, schema: Schema): string | null {
  if (schema.minimum !== undefined && value < schema.minimum) return `must be at least ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `must be at most ${schema.maximum}`;
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
    return `must be greater than ${schema.exclusiveMinimum}`;
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum)
    return `must be less than ${schema.exclusiveMaximum}`;
  return null;
}

/** The error of a task's input, or null if it is valid. `sharedParams` complete the input. */
export function inputError(input: unknown, fields: Field[], sharedParams: ReadonlySet<string>): string | null {
  if (!isObject(input)) return "must be an object";
  const known = new Map(fields.map((each) => [each.name, each]));
  for (const [name, value] of Object.entries(input)) {
    const field = known.get(name);
    if (!field) return `unknown field: ${name}`;
    const error = valueError(value, field);
    if (error) return `${name} ${error}`;
  }
  const missing = fields.find((each) => each.required && !(each.name in input) && !sharedParams.has(each.name));
  return missing ? `${missing.name} is required` : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
