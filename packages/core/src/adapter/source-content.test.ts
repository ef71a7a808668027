import { sourceContent } from "./source-content.ts";

it("tells a page by its address and a document by its kind and name", () => {
  const page = { sourceType: "url", id: "s1", url: "https://example.com", title: "A page" } as const;
  expect(sourceContent(page)).toEqual({
    type: "data",
    data: { type: "source", source_type: "url", id: "s1", title: "A page", url: "https://example.com" },
  });
  expect(sourceContent({ sourceType: "document", mediaType: "application/pdf", filename: "a.pdf" })).toEqual({
    type: "data",
    data: { type: "source", source_type: "document", media_type: "application/pdf", filename: "a.pdf" },
  });
});
