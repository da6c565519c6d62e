/** A block of preformatted text with a copy button. */

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import "./code-block.css";

export interface CodeBlockProps {
  text: string;
  /** Names the content for screen readers, in lower case. */
  label: string;
  /** Limits the block to a few lines; the others scroll. */
  low?: boolean;
}

export function CodeBlock({ text, label, low = false }: CodeBlockProps) {
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
          copyErrorText="Failed to copy"
        />
      </div>
    </div>
  );
}
