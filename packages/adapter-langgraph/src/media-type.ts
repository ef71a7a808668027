const typeOfExtension = new Map(
  Object.entries({
    csv: "text/csv",
    docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    html: "text/html",
    json: "application/json",
    md: "text/markdown",
    mp4: "video/mp4",
    pdf: "application/pdf",
    png: "image/png",
    pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    txt: "text/plain",
    webm: "video/webm",
    xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    xml: "application/xml",
  }),
);

/** The media type that the ending of a file name stands for. */
export function mediaTypeOfName(name: string): string | undefined {
  return typeOfExtension.get(name.split(".").at(-1)?.toLowerCase() ?? "");
}

/** The media type of audio in a format such as `wav`: LangChain's integrations know `audio/mp3`, and not `audio/mpeg`. */
export function mediaTypeOfAudio(format: string | null): string {
  if (format === null) return "audio/wav";
  return format.includes("/") ? format : `audio/${format}`;
}

/** The format of audio of a media type: `audio/mpeg` and `audio/mp3` are `mp3`. */
export function audioFormat(mediaType: string): string {
  const subtype = mediaType.replace(/^audio\/(x-)?/, "").replace(/;.*$/, "");
  return subtype === "mpeg" ? "mp3" : subtype;
}

/** What a `data:` URL holds; undefined when it is none in base64. */
export function parseDataUrl(url: string): { readonly mediaType: string; readonly data: string } | undefined {
  const found = /^data:([^,]*);base64,/i.exec(url);
  return found === null ? undefined : { mediaType: found[1] ?? "", data: url.slice(found[0].length) };
}
