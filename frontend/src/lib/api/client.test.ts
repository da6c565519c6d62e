import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { createApiClient } from "@/lib/api/client";
import { connection } from "@/lib/api/connection";
import { API, makeJob, server, setUpFakeNetwork } from "../../../tests/fake-network";

setUpFakeNetwork();

beforeEach(() => connection.set({ state: "ok" }));

const jobs = `${API}/api/v1/jobs`;

test("renews a rejected token once and repeats the request", async () => {
  let token = "old";
  const auth = {
    token: async () => token,
    renew: async () => {
      token = "new";
      return true;
    },
  };
  server.use(
    http.get(jobs, ({ request }) =>
      request.headers.get("Authorization") === "Bearer new"
        ? HttpResponse.json({ items: [], next_token: null })
        : HttpResponse.json({ message: "Unauthorized" }, { status: 401 }),
    ),
  );

  const { data } = await createApiClient(API, auth).api.GET("/api/v1/jobs");

  expect(data?.items).toEqual([]);
});

test("marks the session as expired if the token cannot be renewed", async () => {
  const auth = { token: async () => "old", renew: async () => false };
  server.use(http.get(jobs, () => HttpResponse.json({ message: "Unauthorized" }, { status: 401 })));

  await expect(createApiClient(API, auth).api.GET("/api/v1/jobs")).rejects.toMatchObject({ status: 401 });
  expect(connection.get().state).toBe("expired");
});

test("returns the cached body of a response that has not changed", async () => {
  const auth = { token: async () => "t", renew: async () => false };
  const page = { items: [makeJob()], next_token: null };
  let unchanged = 0;
  server.use(
    http.get(jobs, ({ request }) => {
      if (request.headers.get("If-None-Match") !== '"1"') return HttpResponse.json(page, { headers: { ETag: '"1"' } });
      unchanged += 1;
      return new HttpResponse(null, { status: 304 });
    }),
  );
  const { api } = createApiClient(API, auth);

  const first = await api.GET("/api/v1/jobs");
  const second = await api.GET("/api/v1/jobs");

  expect(second.data).toEqual(first.data);
  expect(unchanged).toBe(1);
});
