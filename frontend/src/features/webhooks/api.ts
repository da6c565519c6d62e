/** The tenant's webhooks and their deliveries. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Api, unwrap } from "@/lib/api/client";
import { useApi } from "@/lib/api/context";
import type { Delivery, EventType, Webhook } from "@/lib/api/types";
import { notify, notifyProblem } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";

const KEY = ["webhooks"];

const webhooksQuery = (api: Api) =>
  queryOptions({
    queryKey: KEY,
    queryFn: async ({ signal }): Promise<Webhook[]> => (await unwrap(api.GET("/api/v1/webhooks", { signal }))).items,
  });

const deliveriesQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [...KEY, id, "deliveries"],
    queryFn: async ({ signal }): Promise<Delivery[]> =>
      (
        await unwrap(
          api.GET("/api/v1/webhooks/{webhook_id}/deliveries", { signal, params: { path: { webhook_id: id } } }),
        )
      ).items,
  });

export const useWebhooks = () => useQuery({ ...webhooksQuery(useApi()), refetchInterval: useRefetchInterval() });

export const useDeliveries = (id: string) =>
  useQuery({ ...deliveriesQuery(useApi(), id), refetchInterval: useRefetchInterval() });

export interface NewWebhook {
  url: string;
  /** The event types to deliver. An empty list selects all. */
  events: EventType[];
  description: string;
  /** The idempotency key. */
  key: string;
}

export function useAddWebhook() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ key, ...webhook }: NewWebhook) =>
      unwrap(api.POST("/api/v1/webhooks", { params: { header: { "idempotency-key": key } }, body: webhook })),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

/** Creates a new secret. The old secret stays valid for 24 hours. */
export function useRotateSecret() {
  const api = useApi();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/v1/webhooks/{webhook_id}/rotate", { params: { path: { webhook_id: id } } })),
    onError: (error) => notifyProblem("Could not rotate the secret", error),
  });
}

/** Sends a test event. Its successful delivery re-enables a disabled webhook. */
export function useTestWebhook() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: Webhook) =>
      unwrap(api.POST("/api/v1/webhooks/{webhook_id}/test", { params: { path: { webhook_id: id } } })),
    onSuccess: (_, { url }) => {
      notify({ type: "success", header: "Sending a test event", content: `Destination: ${url}` });
      return queries.invalidateQueries({ queryKey: KEY });
    },
    onError: (error, { url }) => notifyProblem(`Could not send a test event to ${url}`, error),
  });
}

export function useRemoveWebhook() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id }: Webhook) => {
      await api.DELETE("/api/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: id } } });
    },
    onSuccess: (_, { url }) => notify({ type: "success", header: `Removed webhook ${url}` }),
    onError: (error, { url }) => notifyProblem(`Could not remove webhook ${url}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}
