/** The configuration of the deployment. Read from /config.json at run time, so that one build serves all stages. */

export interface Config {
  /** The origin of the API, without a trailing slash. */
  api: string;
  issuer: string;
  clientId: string;
  scopes: string[];
  stage: string;
  /** URL templates with {job}, {generation}, {from} and {until}. Null if the deployment has no such page. */
  executionUrl: string | null;
  logsUrl: string | null;
}

class ConfigError extends Error {}

export async function readConfig(fetcher: typeof fetch = fetch): Promise<Config> {
  let content: unknown;
  try {
    const response = await fetcher("/config.json", { cache: "no-cache" });
    if (!response.ok) throw new ConfigError(`/config.json returned status ${response.status}`);
    content = await response.json();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError("/config.json cannot be read");
  }
  return validated(content);
}

function validated(content: unknown): Config {
  const fields = (typeof content === "object" && content !== null ? content : {}) as Record<string, unknown>;
  const optional = (name: string): string | null => {
    const value = fields[name];
    return typeof value === "string" && value ? value : null;
  };
  const required = (name: string): string => {
    const value = optional(name);
    if (value === null) throw new ConfigError(`/config.json does not contain ${name}`);
    return value;
  };
  return {
    api: required("api").replace(/\/+$/, ""),
    issuer: required("issuer").replace(/\/+$/, ""),
    clientId: required("client_id"),
    scopes: (optional("scopes") ?? "openid shoal/jobs:read shoal/jobs:write shoal/admin").split(" "),
    stage: optional("stage") ?? "",
    executionUrl: optional("execution_url"),
    logsUrl: optional("logs_url"),
  };
}
