/** Webhooks of the tenant: addresses that are told of its jobs. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { Delivery, EventType, Webhook } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";

const KEY = ["webhooks"];

export const webhooksQuery = (api: Api) =>
  queryOptions({
    queryKey: KEY,
    queryFn: async ({ signal }): Promise<Webhook[]> => (await unwrap(api.GET("/api/v1/webhooks", { signal }))).items,
  });

export const deliveriesQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [...KEY, id, "deliveries"],
    queryFn: async ({ signal }): Promise<Delivery[]> =>
      (
        await unwrap(
          api.GET("/api/v1/webhooks/{webhook_id}/deliveries", { signal, params: { path: { webhook_id: id } } }),
        )
      ).items,
  });

/** No events for all. */
export interface NewWebhook {
  url: string;
  events: EventType[];
  description: string;
  key: string;
}

export function useAddWebhook() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ key, ...made }: NewWebhook) =>
      unwrap(api.POST("/api/v1/webhooks", { params: { header: { "idempotency-key": key } }, body: made })),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

/** Gives it a new secret; the one before is good for 24 hours more. */
export function useRotateSecret() {
  const api = useApi();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/v1/webhooks/{webhook_id}/rotate", { params: { path: { webhook_id: id } } })),
    onError: (error) => notifyProblem("A new secret", error),
  });
}

export function useTestWebhook() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: Webhook) =>
      unwrap(api.POST("/api/v1/webhooks/{webhook_id}/test", { params: { path: { webhook_id: id } } })),
    onSuccess: (_, { url }) => {
      notify({ type: "success", header: "A test is on its way", content: `${url} is told of webhook.test, once.` });
      return queries.invalidateQueries({ queryKey: KEY });
    },
    onError: (error, { url }) => notifyProblem(`Test: ${url}`, error),
  });
}

export function useRemoveWebhook() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id }: Webhook) => {
      await api.DELETE("/api/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: id } } });
    },
    onSuccess: (_, { url }) => notify({ type: "success", header: `${url} is told nothing any more` }),
    onError: (error, { url }) => notifyProblem(`Remove: ${url}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}
