/** The limits of tenants. Only administrators may call these routes. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { LimitsSetting, Tenant } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

const MAX_TENANTS = 100;

const limitsQuery = (api: Api, tenant: string) =>
  queryOptions({
    queryKey: ["limits", tenant],
    queryFn: ({ signal }): Promise<Tenant> =>
      unwrap(api.GET("/api/v1/tenants/{tenant}/limits", { signal, params: { path: { tenant } } })),
  });

const tenantsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["tenants"],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Tenant[]> =>
      (await unwrap(api.GET("/api/v1/tenants", { signal, params: { query: { limit: MAX_TENANTS } } }))).items,
  });

/** The limits and the usage of a tenant. */
export const useLimits = (tenant: string) => useQuery(limitsQuery(useApi(), tenant));

/** The first tenants by name. An administrator types the name of any other tenant. */
export const useTenants = () => useQuery(tenantsQuery(useApi()));

export function useSetLimits() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, setting }: { tenant: string; setting: LimitsSetting }) =>
      unwrap(api.PUT("/api/v1/tenants/{tenant}/limits", { params: { path: { tenant } }, body: setting })),
    onSuccess: (updated, { tenant }) => {
      queries.setQueryData(limitsQuery(api, tenant).queryKey, updated);
      notify({
        type: "success",
        header: `Changed the limits of ${tenant}`,
        content: "They apply to jobs submitted from now on.",
      });
    },
    onError: (error, { tenant }) => notifyProblem(`Could not change the limits of ${tenant}`, error),
  });
}
