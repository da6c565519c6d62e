/** API clients: programs that sign in with client credentials. Only administrators may call these routes. */

import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { ApiClient } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

const KEY = ["api-clients"];
const PAGE_SIZE = 100;

const apiClientsQuery = (api: Api, nextToken: string | null) =>
  queryOptions({
    queryKey: [...KEY, nextToken],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/machines", {
          signal,
          params: { query: { limit: PAGE_SIZE, ...(nextToken ? { next_token: nextToken } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** A page of API clients. */
export const useApiClients = (nextToken: string | null) => useQuery(apiClientsQuery(useApi(), nextToken));

/** Grants a client access to one tenant. A client that has access to another tenant loses that access. */
export function useAddApiClient() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ client_id, tenant }: ApiClient) =>
      unwrap(api.PUT("/api/v1/machines/{client_id}", { params: { path: { client_id } }, body: { tenant } })),
    onSuccess: ({ client_id, tenant }) => {
      notify({ type: "success", header: `${client_id} can access tenant ${tenant}` });
      return queries.invalidateQueries({ queryKey: KEY });
    },
  });
}

export function useRevokeApiClient() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ client_id }: ApiClient) => {
      await api.DELETE("/api/v1/machines/{client_id}", { params: { path: { client_id } } });
    },
    onSuccess: (_, { client_id }) => notify({ type: "success", header: `Revoked access of ${client_id}` }),
    onError: (error, { client_id }) => notifyProblem(`Could not revoke access of ${client_id}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}
