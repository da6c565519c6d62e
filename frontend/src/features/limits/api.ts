/** The limits of tenants. Only administrators may call these routes. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { LimitsSetting, Tenant } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

const MOST = 100;

export const limitsQuery = (api: Api, tenant: string) =>
  queryOptions({
    queryKey: ["limits", tenant],
    queryFn: ({ signal }): Promise<Tenant> =>
      unwrap(api.GET("/api/v1/tenants/{tenant}/limits", { signal, params: { path: { tenant } } })),
  });

/** The first tenants by name; whoever has more than those finds theirs by typing it. */
export const tenantsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["tenants"],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Tenant[]> =>
      (await unwrap(api.GET("/api/v1/tenants", { signal, params: { query: { limit: MOST } } }))).items,
  });

export function useSetLimits() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, setting }: { tenant: string; setting: LimitsSetting }) =>
      unwrap(api.PUT("/api/v1/tenants/{tenant}/limits", { params: { path: { tenant } }, body: setting })),
    onSuccess: (set, { tenant }) => {
      queries.setQueryData(limitsQuery(api, tenant).queryKey, set);
      notify({
        type: "success",
        header: `The limits of ${tenant} are set`,
        content: "They hold from the next submit on.",
      });
    },
    onError: (error, { tenant }) => notifyProblem(`Limits of ${tenant}`, error),
  });
}
