/** A text that is copied with one click. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

export function CopyableText({ text, what }: { text: string; what: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copyButtonAriaLabel={`Copy ${what}`}
      copySuccessText={`Copied ${what}`}
      copyErrorText={`Your browser did not let us copy ${what}`}
    />
  );
}
