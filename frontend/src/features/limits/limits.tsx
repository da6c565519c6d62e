/** How much tenants may, and have; an administrator sets it. */

import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import { useApi } from "@/lib/api/context";
import type { Tenant } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { limitsQuery, tenantsQuery, useSetLimits } from "./api";
import { describeChanges, limitError, FIELDS, type Limit, LIMITS, toLimitsSetting, limitInputs } from "./limit-fields";

export function Limits({ tenant: own }: { tenant: string }) {
  const api = useApi();
  const [tenant, setTenant] = useState(own);
  const [text, setText] = useState(own);
  const [asking, setAsking] = useState(false);
  const found = useQuery(limitsQuery(api, tenant));
  const tenants = useQuery(tenantsQuery(api));
  const choose = (name: string): void => {
    if (name.trim()) setTenant(name.trim());
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`What tenant ${tenant} may, and has. A submit beyond it is refused and names the limit.`}
          actions={
            <Button disabled={!found.data} onClick={() => setAsking(true)}>
              Change limits
            </Button>
          }
        >
          Limits
        </Header>
      }
    >
      <SpaceBetween size="l">
        <FormField label="Tenant">
          <Autosuggest
            value={text}
            ariaLabel="Tenant"
            enteredTextLabel={(value) => `Tenant ${value}`}
            options={(tenants.data ?? []).map((each) => ({
              value: each.tenant,
              description: `${pluralize(each.usage.open_jobs, "open job")}`,
            }))}
            empty="No tenant has anything yet"
            onChange={({ detail }) => setText(detail.value)}
            onSelect={({ detail }) => choose(detail.value)}
            onBlur={() => choose(text)}
          />
        </FormField>
        {found.data ? (
          <LimitUsage tenant={found.data} />
        ) : found.isError ? (
          <ProblemAlert error={found.error} />
        ) : (
          <StatusIndicator type="loading">Loading limits</StatusIndicator>
        )}
      </SpaceBetween>
      {asking && found.data && <ChangeLimitsDialog tenant={found.data} onClose={() => setAsking(false)} />}
    </Container>
  );
}

const share = (part: number, all: number): number => (all ? Math.min(100, (100 * part) / all) : 100);

function LimitUsage({ tenant: { limits, own, usage } }: { tenant: Tenant }) {
  const whose = (limit: Limit): string => (own.includes(limit) ? "set for this tenant" : "the deployment's");
  return (
    <SpaceBetween size="l">
      <ProgressBar
        label={FIELDS.open_jobs.label}
        value={share(usage.open_jobs, limits.open_jobs)}
        additionalInfo={`${formatNumber(usage.open_jobs)} of ${formatNumber(limits.open_jobs)}, ${whose("open_jobs")}`}
      />
      <ProgressBar
        label={FIELDS.queued_tasks.label}
        value={share(usage.queued_tasks, limits.queued_tasks)}
        additionalInfo={`${formatNumber(usage.queued_tasks)} of ${formatNumber(limits.queued_tasks)}, ${whose("queued_tasks")}`}
      />
      <KeyValuePairs
        columns={3}
        items={(["submit_rate", "submit_burst", "retention_days"] as const).map((each) => ({
          label: FIELDS[each].label,
          value: (
            <>
              {formatNumber(limits[each])} <Box variant="small">{whose(each)}</Box>
            </>
          ),
        }))}
      />
    </SpaceBetween>
  );
}

function ChangeLimitsDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const set = useSetLimits();
  const [typed, setTyped] = useState(() => limitInputs(tenant));
  const said = describeChanges(tenant, typed);
  const right = LIMITS.every((each) => limitError(each, typed[each]) === null);
  return (
    <ConfirmDialog
      header={`Limits of ${tenant.tenant}`}
      confirmLabel="Set limits"
      loading={set.isPending}
      canConfirm={right && said.length > 0}
      onDismiss={onClose}
      onConfirm={() => set.mutate({ tenant: tenant.tenant, setting: toLimitsSetting(typed) }, { onSuccess: onClose })}
    >
      <SpaceBetween size="m">
        {LIMITS.map((each) => {
          const wrong = limitError(each, typed[each]);
          return (
            <FormField key={each} label={FIELDS[each].label} {...(wrong ? { errorText: wrong } : {})}>
              <Input
                value={typed[each]}
                inputMode="decimal"
                placeholder={
                  tenant.own.includes(each)
                    ? "The deployment's"
                    : `The deployment's, ${formatNumber(tenant.limits[each])}`
                }
                onChange={({ detail }) => setTyped({ ...typed, [each]: detail.value.trim() })}
              />
            </FormField>
          );
        })}
        <div aria-live="polite">
          {right && said.map((each) => <div key={each}>{each}</div>)}
          It holds from the next submit on.{" "}
          {tenant.usage.open_jobs
            ? `What is open goes on: ${pluralize(tenant.usage.open_jobs, "job")}.`
            : "No job is open now."}
        </div>
      </SpaceBetween>
    </ConfirmDialog>
  );
}

export const LimitsUnavailable = () => (
  <Container header={<Header variant="h2">Limits</Header>}>
    <Box color="text-body-secondary">Only administrators can view limits and manage API clients.</Box>
  </Container>
);
