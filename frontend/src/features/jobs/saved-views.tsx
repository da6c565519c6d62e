/** Filters under a name, kept in this browser. */

import Box from "@cloudscape-design/components/box";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { persistedStore, useStore } from "@/lib/store";
import { type JobsSearch, PROPERTIES } from "./filters";

interface View {
  name: string;
  search: JobsSearch;
}

const FIRST: View[] = [
  { name: "Under way", search: { status: "PENDING,ENQUEUED,RUNNING" } },
  { name: "Failed in the last 24 hours", search: { status: "FAILED", created: "24h" } },
];

const views = persistedStore<View[]>("shoal.views", FIRST);

const same = (a: JobsSearch, b: JobsSearch): boolean => PROPERTIES.every((each) => a[each] === b[each]);

export function SavedViews({ search, onSearch }: { search: JobsSearch; onSearch: (search: JobsSearch) => void }) {
  const all = useStore(views);
  const [naming, setNaming] = useState<string | null>(null);
  const current = all.find((each) => same(each.search, search));
  const plain = PROPERTIES.every((each) => search[each] === undefined);
  return (
    <>
      <ButtonDropdown
        ariaLabel="Saved views"
        expandToViewport
        items={[
          { id: "all", text: "All jobs", itemType: "checkbox", checked: plain },
          ...all.map(({ name }) => ({
            id: `view ${name}`,
            text: name,
            itemType: "checkbox" as const,
            checked: name === current?.name,
          })),
          { id: "save", text: "Save these filters", disabled: plain || current !== undefined },
          ...(current ? [{ id: "forget", text: `Forget “${current.name}”` }] : []),
        ]}
        onItemClick={({ detail }) => {
          if (detail.id === "all") onSearch({});
          else if (detail.id === "save") setNaming("");
          else if (detail.id === "forget") views.set(all.filter((each) => each !== current));
          else onSearch(all.find(({ name }) => `view ${name}` === detail.id)?.search ?? {});
        }}
      >
        {current?.name ?? "Views"}
      </ButtonDropdown>
      {naming !== null && (
        <ConfirmDialog
          header="Save these filters"
          confirmLabel="Save"
          loading={false}
          canConfirm={naming.trim() !== ""}
          onDismiss={() => setNaming(null)}
          onConfirm={() => {
            const name = naming.trim();
            views.set([...all.filter((each) => each.name !== name), { name, search }]);
            setNaming(null);
          }}
        >
          <FormField label="Name">
            <Input value={naming} onChange={({ detail }) => setNaming(detail.value)} />
          </FormField>
          <Box variant="small" color="text-body-secondary">
            Views are kept in this browser. The address of this page has the filters too: share that.
          </Box>
        </ConfirmDialog>
      )}
    </>
  );
}
