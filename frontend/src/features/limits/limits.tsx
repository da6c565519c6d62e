/** The limits of a tenant, its usage, and a form that changes the limits. For administrators. */

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
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ProblemAlert } from "@/components/problem-alert";
import type { Tenant } from "@/lib/api/types";
import { formatNumber, pluralize } from "@/lib/format";
import { useLimits, useSetLimits, useTenants } from "./api";
import {
  describeChanges,
  type Limit,
  limitError,
  LIMIT_FIELDS,
  limitInputs,
  LIMITS,
  toLimitsSetting,
} from "./limit-fields";

/** `tenant` is the administrator's own tenant. The administrator can choose another one. */
export function Limits({ tenant: ownTenant }: { tenant: string }) {
  const [tenant, setTenant] = useState(ownTenant);
  const [text, setText] = useState(ownTenant);
  const [changing, setChanging] = useState(false);
  const { data: limits, error, isError } = useLimits(tenant);
  const tenants = useTenants().data ?? [];
  const choose = (name: string): void => {
    if (name.trim()) setTenant(name.trim());
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`Limits and usage of tenant ${tenant}. The API rejects submissions that exceed a limit.`}
          actions={
            <Button disabled={!limits} onClick={() => setChanging(true)}>
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
            enteredTextLabel={(value) => `Use: ${value}`}
            options={tenants.map((each) => ({
              value: each.tenant,
              description: pluralize(each.usage.open_jobs, "open job"),
            }))}
            empty="No tenants"
            onChange={({ detail }) => setText(detail.value)}
            onSelect={({ detail }) => choose(detail.value)}
            onBlur={() => choose(text)}
          />
        </FormField>
        {limits ? (
          <LimitUsage tenant={limits} />
        ) : isError ? (
          <ProblemAlert error={error} />
        ) : (
          <StatusIndicator type="loading">Loading limits</StatusIndicator>
        )}
      </SpaceBetween>
      {changing && limits && <ChangeLimitsDialog tenant={limits} onClose={() => setChanging(false)} />}
    </Container>
  );
}

const percentOf = (part: number, all: number): number => (all ? Math.min(100, (100 * part) / all) : 100);

function LimitUsage({ tenant: { limits, own, usage } }: { tenant: Tenant }) {
  const source = (limit: Limit): string => (own.includes(limit) ? "set for this tenant" : "deployment default");
  return (
    <SpaceBetween size="l">
      {(["open_jobs", "queued_tasks"] as const).map((each) => (
        <ProgressBar
          key={each}
          label={LIMIT_FIELDS[each].label}
          value={percentOf(usage[each], limits[each])}
          additionalInfo={`${formatNumber(usage[each])} of ${formatNumber(limits[each])} (${source(each)})`}
        />
      ))}
      <KeyValuePairs
        columns={3}
        items={(["submit_rate", "submit_burst", "retention_days"] as const).map((each) => ({
          label: LIMIT_FIELDS[each].label,
          value: (
            <>
              {formatNumber(limits[each])} <Box variant="small">({source(each)})</Box>
            </>
          ),
        }))}
      />
    </SpaceBetween>
  );
}

function ChangeLimitsDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const setLimits = useSetLimits();
  const [inputs, setInputs] = useState(() => limitInputs(tenant));
  const changes = describeChanges(tenant, inputs);
  const valid = LIMITS.every((each) => limitError(each, inputs[each]) === null);
  return (
    <ConfirmDialog
      header={`Change limits of tenant ${tenant.tenant}`}
      confirmLabel="Save changes"
      loading={setLimits.isPending}
      canConfirm={valid && changes.length > 0}
      onDismiss={onClose}
      onConfirm={() =>
        setLimits.mutate({ tenant: tenant.tenant, setting: toLimitsSetting(inputs) }, { onSuccess: onClose })
      }
    >
      <SpaceBetween size="m">
        <div>Leave a field blank to use the default of the deployment.</div>
        {LIMITS.map((each) => {
          const error = limitError(each, inputs[each]);
          const setForTenant = tenant.own.includes(each);
          return (
            <FormField key={each} label={LIMIT_FIELDS[each].label} {...(error ? { errorText: error } : {})}>
              <Input
                value={inputs[each]}
                inputMode="decimal"
                placeholder={
                  setForTenant ? "Deployment default" : `Deployment default: ${formatNumber(tenant.limits[each])}`
                }
                onChange={({ detail }) => setInputs({ ...inputs, [each]: detail.value.trim() })}
              />
            </FormField>
          );
        })}
        <div aria-live="polite">
          {valid && changes.map((each) => <div key={each}>{each}</div>)}
          New limits apply to jobs submitted from now on. {pluralize(tenant.usage.open_jobs, "open job")}{" "}
          {tenant.usage.open_jobs === 1 ? "is" : "are"} not affected.
        </div>
      </SpaceBetween>
    </ConfirmDialog>
  );
}

export const LimitsUnavailable = () => (
  <Container header={<Header variant="h2">Limits</Header>}>
    <Box color="text-body-secondary">
      Only administrators can view limits and manage API clients. If a submission exceeds a limit, the error message
      names the limit.
    </Box>
  </Container>
);
