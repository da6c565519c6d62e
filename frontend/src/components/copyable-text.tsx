/** A text with a copy button. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

export function CopyableText({ text, label }: { text: string; label: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copyButtonAriaLabel={`Copy ${label}`}
      copySuccessText={`Copied ${label}`}
      copyErrorText={`Failed to copy ${label}`}
    />
  );
}
