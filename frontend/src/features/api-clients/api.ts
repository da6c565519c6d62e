/** API clients: programs that sign in with client credentials. Only administrators may call these routes. */

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { ApiClient } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

const PAGE_SIZE = 100;
const KEY = ["machines"];

export const apiClientsQuery = (api: Api, after: string | null) =>
  queryOptions({
    queryKey: [...KEY, after],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/machines", {
          signal,
          params: { query: { limit: PAGE_SIZE, ...(after ? { next_token: after } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export function useAddApiClient() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ client_id, tenant }: ApiClient) =>
      unwrap(api.PUT("/api/v1/machines/{client_id}", { params: { path: { client_id } }, body: { tenant } })),
    onSuccess: ({ client_id, tenant }) => {
      notify({ type: "success", header: `${client_id} works for ${tenant}`, content: "From its next request on." });
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
    onSuccess: (_, { client_id }) => notify({ type: "success", header: `${client_id} is shut out` }),
    onError: (error, { client_id }) => notifyProblem(`Shut out: ${client_id}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}
