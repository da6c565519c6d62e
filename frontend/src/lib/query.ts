/** How answers are kept and asked for again. */

import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/lib/api/problem";
import { useRefreshMode } from "@/lib/preferences";
import { useStore } from "@/lib/store";
import { liveState } from "@/lib/live/state";

const TRIES = 3;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        gcTime: 10 * 60_000,
        retry: (tried, error) => error instanceof Problem && error.passes && tried < TRIES,
        retryDelay: (tried, error) =>
          error instanceof Problem && error.retryAfter ? error.retryAfter * 1_000 : 500 * 2 ** tried,
        refetchOnWindowFocus: true,
        refetchOnReconnect: "always",
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

/** While deltas come, look now and then all the same: the last one of a job can be lost. */
const LIVE_LOOK = 60_000;
const FALLBACK = 5_000;

/** How often to ask again, in milliseconds, by the user's pace; false for never. Hidden tabs never ask. */
export function useRefetchInterval(pushed = false): number | false {
  const chosen = useRefreshMode();
  const connected = useStore(liveState) === "connected";
  switch (chosen) {
    case "live":
      return connected && pushed ? LIVE_LOOK : FALLBACK;
    case "2s":
      return 2_000;
    case "5s":
      return 5_000;
    case "paused":
      return false;
  }
}
