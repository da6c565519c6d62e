/** Starts the console: reads the configuration, completes a sign-in and renders the app. */

import "@cloudscape-design/global-styles/index.css";
import "@/app/app.css";
import { createRoot } from "react-dom/client";
import { App } from "@/app/app";
import { StartupError } from "@/app/startup-error";
import { watchNetwork } from "@/lib/api/connection";
import { Auth } from "@/lib/auth/oidc";
import { readConfig } from "@/lib/config";
import { watchTheme } from "@/lib/preferences";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export async function start(): Promise<void> {
  const element = document.getElementById("root");
  if (!element) throw new Error("the page has no #root element");
  const root = createRoot(element);
  watchTheme();
  watchNetwork();
  try {
    const config = await readConfig();
    const auth = new Auth(config);
    let signInError: string | null = null;
    try {
      if (await auth.completeSignIn()) return;
    } catch (error) {
      signInError = messageOf(error);
    }
    root.render(<App config={config} auth={auth} signInError={signInError} />);
  } catch (error) {
    root.render(<StartupError message={messageOf(error)} />);
  }
}
