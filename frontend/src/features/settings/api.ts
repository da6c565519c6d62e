/** Limits of tenants, and machines; administrators alone may ask. */

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, body } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { LimitsSetting, Machine, Tenant } from "@/lib/api/types";
import { tell, tellProblem } from "@/lib/notices";

const MOST = 100;

export const limitsQuery = (api: Api, tenant: string) =>
  queryOptions({
    queryKey: ["limits", tenant],
    queryFn: ({ signal }): Promise<Tenant> =>
      body(api.GET("/api/v1/tenants/{tenant}/limits", { signal, params: { path: { tenant } } })),
  });

/** The first tenants by name; whoever has more than those finds theirs by typing it. */
export const tenantsQuery = (api: Api) =>
  queryOptions({
    queryKey: ["tenants"],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<Tenant[]> =>
      (await body(api.GET("/api/v1/tenants", { signal, params: { query: { limit: MOST } } }))).items,
  });

export function useSetLimits() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, setting }: { tenant: string; setting: LimitsSetting }) =>
      body(api.PUT("/api/v1/tenants/{tenant}/limits", { params: { path: { tenant } }, body: setting })),
    onSuccess: (set, { tenant }) => {
      queries.setQueryData(limitsQuery(api, tenant).queryKey, set);
      tell({
        type: "success",
        header: `The limits of ${tenant} are set`,
        content: "They hold from the next submit on.",
      });
    },
    onError: (error, { tenant }) => tellProblem(`Limits of ${tenant}`, error),
  });
}

const MACHINES = ["machines"];

export const machinesQuery = (api: Api, after: string | null) =>
  queryOptions({
    queryKey: [...MACHINES, after],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/machines", {
          signal,
          params: { query: { limit: MOST, ...(after ? { next_token: after } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export function useLetIn() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ client_id, tenant }: Machine) =>
      body(api.PUT("/api/v1/machines/{client_id}", { params: { path: { client_id } }, body: { tenant } })),
    onSuccess: ({ client_id, tenant }) => {
      tell({ type: "success", header: `${client_id} works for ${tenant}`, content: "From its next request on." });
      return queries.invalidateQueries({ queryKey: MACHINES });
    },
  });
}

export function useShutOut() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ client_id }: Machine) => {
      await api.DELETE("/api/v1/machines/{client_id}", { params: { path: { client_id } } });
    },
    onSuccess: (_, { client_id }) => tell({ type: "success", header: `${client_id} is shut out` }),
    onError: (error, { client_id }) => tellProblem(`Shut out: ${client_id}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: MACHINES }),
  });
}
