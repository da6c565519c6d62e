/** A menu of saved filters, stored in this browser. */

import Box from "@cloudscape-design/components/box";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { persistedStore, useStore } from "@/lib/store";
import { type JobsSearch, PROPERTIES } from "./filters";

interface View {
  name: string;
  search: JobsSearch;
}

const DEFAULT_VIEWS: View[] = [
  { name: "Open jobs", search: { status: "PENDING,ENQUEUED,RUNNING" } },
  { name: "Failed in the last 24 hours", search: { status: "FAILED", created: "24h" } },
];

const views = persistedStore<View[]>("shoal.views", DEFAULT_VIEWS);

const sameSearch = (a: JobsSearch, b: JobsSearch): boolean => PROPERTIES.every((each) => a[each] === b[each]);

export function SavedViews({ search, onSearch }: { search: JobsSearch; onSearch: (search: JobsSearch) => void }) {
  const saved = useStore(views);
  const [newName, setNewName] = useState<string | null>(null);
  const current = saved.find((each) => sameSearch(each.search, search));
  const unfiltered = PROPERTIES.every((each) => search[each] === undefined);
  return (
    <>
      <ButtonDropdown
        ariaLabel="Saved views"
        expandToViewport
        items={[
          { id: "all", text: "All jobs", itemType: "checkbox", checked: unfiltered },
          ...saved.map(({ name }) => ({
            id: `view ${name}`,
            text: name,
            itemType: "checkbox" as const,
            checked: name === current?.name,
          })),
          { id: "save", text: "Save view", disabled: unfiltered || current !== undefined },
          ...(current ? [{ id: "delete", text: `Delete view “${current.name}”` }] : []),
        ]}
        onItemClick={({ detail }) => {
          if (detail.id === "all") onSearch({});
          else if (detail.id === "save") setNewName("");
          else if (detail.id === "delete") views.set(saved.filter((each) => each !== current));
          else onSearch(saved.find(({ name }) => `view ${name}` === detail.id)?.search ?? {});
        }}
      >
        {current?.name ?? "Views"}
      </ButtonDropdown>
      {newName !== null && (
        <ConfirmDialog
          header="Save view"
          confirmLabel="Save view"
          loading={false}
          canConfirm={newName.trim() !== ""}
          onDismiss={() => setNewName(null)}
          onConfirm={() => {
            const name = newName.trim();
            views.set([...saved.filter((each) => each.name !== name), { name, search }]);
            setNewName(null);
          }}
        >
          <SpaceBetween size="s">
            <FormField label="Name">
              <Input value={newName} onChange={({ detail }) => setNewName(detail.value)} />
            </FormField>
            <Box variant="small" color="text-body-secondary">
              Views are stored in this browser. To share a filter, copy the address of the page.
            </Box>
          </SpaceBetween>
        </ConfirmDialog>
      )}
    </>
  );
}
