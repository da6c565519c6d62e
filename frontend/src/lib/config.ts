/** Where this deployment's API and issuer are: read from /config.json at run time, so that one build serves all stages. */

export interface Config {
  /** Origin of the API, without a slash at the end. */
  api: string;
  issuer: string;
  clientId: string;
  scopes: string[];
  stage: string;
  /** Addresses with {job}, {generation}, {from} and {until} in them; null where there is no such page. */
  executionUrl: string | null;
  logsUrl: string | null;
}

class ConfigError extends Error {}

export async function readConfig(fetcher: typeof fetch = fetch): Promise<Config> {
  let said: unknown;
  try {
    const answer = await fetcher("/config.json", { cache: "no-cache" });
    if (!answer.ok) throw new ConfigError(`/config.json answers ${answer.status}`);
    said = await answer.json();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError("/config.json cannot be read");
  }
  return checked(said);
}

function checked(said: unknown): Config {
  const found = (typeof said === "object" && said !== null ? said : {}) as Record<string, unknown>;
  const text = (name: string): string => {
    const value = found[name];
    if (typeof value !== "string" || !value) throw new ConfigError(`/config.json lacks ${name}`);
    return value;
  };
  const maybe = (name: string): string | null => {
    const value = found[name];
    return typeof value === "string" && value ? value : null;
  };
  return {
    api: text("api").replace(/\/+$/, ""),
    issuer: text("issuer").replace(/\/+$/, ""),
    clientId: text("client_id"),
    scopes: (maybe("scopes") ?? "openid shoal/jobs:read shoal/jobs:write shoal/admin").split(" "),
    stage: maybe("stage") ?? "",
    executionUrl: maybe("execution_url"),
    logsUrl: maybe("logs_url"),
  };
}
