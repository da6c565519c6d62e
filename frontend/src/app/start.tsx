/** Starts the console: where the deployment is, who is signed in, then the screens. */

import "@cloudscape-design/global-styles/index.css";
import "@/app/app.css";
import { createRoot } from "react-dom/client";
import { App } from "@/app/app";
import { StartupError } from "@/app/startup-error";
import { watchNetwork } from "@/lib/api/connection";
import { Auth } from "@/lib/auth/oidc";
import { readConfig } from "@/lib/config";
import { watchTheme } from "@/lib/preferences";

export async function start(): Promise<void> {
  const there = document.getElementById("root");
  if (!there) throw new Error("the page has no root");
  const root = createRoot(there);
  watchTheme();
  watchNetwork();
  try {
    const config = await readConfig();
    const auth = new Auth(config);
    let refused: string | null = null;
    try {
      if (await auth.comeBack()) return;
    } catch (error) {
      refused = error instanceof Error ? error.message : String(error);
    }
    root.render(<App config={config} auth={auth} refused={refused} />);
  } catch (error) {
    root.render(<StartupError why={error instanceof Error ? error.message : String(error)} />);
  }
}
