import { fileContent } from "./file-content.ts";

const url = "https://example.com/x";

it.each([
  ["an image", "image/png", { type: "image", image_url: url }],
  ["audio", "audio/mpeg", { type: "audio", data: url, format: "mp3" }],
  ["a video", "video/mp4", { type: "video", video_url: url }],
  ["any other file", "application/pdf", { type: "file", file_url: url }],
])("makes %s of a file that is one", (_, mediaType, content) => {
  expect(fileContent({ url, mediaType })).toEqual(content);
});

it("tells a file's bytes from its address, and keeps its name", () => {
  const data = "data:application/pdf;base64,AAAA";
  const named = { mediaType: "application/pdf", filename: "a.pdf" };
  expect(fileContent({ ...named, url: data })).toEqual({ type: "file", file_data: data, filename: "a.pdf" });
  expect(fileContent({ ...named, url })).toEqual({ type: "file", file_url: url, filename: "a.pdf" });
});
