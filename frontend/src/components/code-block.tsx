/** A block of text as it is, to be copied as a whole. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import "./code-block.css";

export function CodeBlock({ text, label, low = false }: { text: string; label: string; low?: boolean }) {
  return (
    <div className="code">
      <pre className={low ? "code-text code-low" : "code-text"} tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <div className="code-copy">
        <CopyToClipboard
          variant="icon"
          textToCopy={text}
          copyButtonAriaLabel={`Copy ${label}`}
          copySuccessText="Copied"
          copyErrorText="Your browser did not let us copy it"
        />
      </div>
    </div>
  );
}
