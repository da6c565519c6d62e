/** The user's theme and time zone. */

import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { SegmentedField } from "@/components/segmented-field";
import { THEME_LABELS } from "@/components/theme-labels";
import { browserTimeZone } from "@/lib/format";
import { theme, timeZone, useTheme, useTimeZone } from "@/lib/preferences";

export function Appearance() {
  return (
    <Container header={<Header variant="h2">Appearance</Header>}>
      <SpaceBetween size="l">
        <SegmentedField
          label="Theme"
          value={useTheme()}
          labels={THEME_LABELS}
          onChange={(chosen) => theme.set(chosen)}
        />
        <SegmentedField
          label="Time zone"
          description="Hover over a time to see it in the other time zone."
          value={useTimeZone()}
          labels={{ local: `Local (${browserTimeZone()})`, utc: "UTC" }}
          onChange={(chosen) => timeZone.set(chosen)}
        />
      </SpaceBetween>
    </Container>
  );
}
