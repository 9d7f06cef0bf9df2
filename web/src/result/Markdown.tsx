/** A model card is Markdown with tables; its pictures are not shown here. */

import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";

export default function Markdown({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={[remarkGfm]} disallowedElements={["img"]}>
      {text}
    </ReactMarkdown>
  );
}
