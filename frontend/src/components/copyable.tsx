/** A text that is copied with one click. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

export function Copyable({ text, what, shown }: { text: string; what: string; shown?: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      {...(shown === undefined ? {} : { textToDisplay: shown })}
      copyButtonAriaLabel={`Copy ${what}`}
      copySuccessText={`Copied ${what}`}
      copyErrorText={`Your browser did not let us copy ${what}`}
    />
  );
}
