/** The query cache: retries, polling and refreshing. */

import { QueryClient, useIsFetching, useQueryClient } from "@tanstack/react-query";
import { Problem } from "@/lib/api/problem";
import { liveState } from "@/lib/live/state";
import { useRefreshMode } from "@/lib/preferences";
import { useStore } from "@/lib/store";

const MAX_RETRIES = 3;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        gcTime: 10 * 60_000,
        retry: (failures, error) => error instanceof Problem && error.isTransient && failures < MAX_RETRIES,
        retryDelay: (failures, error) =>
          error instanceof Problem && error.retryAfter ? error.retryAfter * 1_000 : 500 * 2 ** failures,
        refetchOnWindowFocus: true,
        refetchOnReconnect: "always",
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

/** Milliseconds between polls while deltas arrive. The last delta of a job can be lost. */
const LIVE_INTERVAL = 60_000;
const DEFAULT_INTERVAL = 5_000;

/**
 * Returns the polling interval in milliseconds for the user's refresh mode, or false when polling is paused.
 * `live` is true for data that deltas update. Hidden tabs never poll.
 */
export function useRefetchInterval(live = false): number | false {
  const mode = useRefreshMode();
  const connected = useStore(liveState) === "connected";
  switch (mode) {
    case "live":
      return connected && live ? LIVE_INTERVAL : DEFAULT_INTERVAL;
    case "2s":
      return 2_000;
    case "5s":
      return 5_000;
    case "paused":
      return false;
  }
}

/** Fetches everything on the screen again. `refreshing` is true while any request is in flight. */
export function useRefresh(): { refresh: () => Promise<void>; refreshing: boolean } {
  const queries = useQueryClient();
  return { refresh: () => queries.invalidateQueries(), refreshing: useIsFetching() > 0 };
}

/** Returns a function that removes all cached data. */
export function useClearCache(): () => void {
  const queries = useQueryClient();
  return () => queries.clear();
}
