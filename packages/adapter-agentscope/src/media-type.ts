const typeOfExtension = new Map(
  Object.entries({
    avif: "image/avif",
    bmp: "image/bmp",
    gif: "image/gif",
    heic: "image/heic",
    jpeg: "image/jpeg",
    jpg: "image/jpeg",
    png: "image/png",
    svg: "image/svg+xml",
    webp: "image/webp",
    aac: "audio/aac",
    flac: "audio/flac",
    m4a: "audio/mp4",
    mp3: "audio/mpeg",
    ogg: "audio/ogg",
    opus: "audio/opus",
    wav: "audio/wav",
    mov: "video/quicktime",
    mp4: "video/mp4",
    mpeg: "video/mpeg",
    webm: "video/webm",
    csv: "text/csv",
    html: "text/html",
    md: "text/markdown",
    txt: "text/plain",
    xml: "application/xml",
    json: "application/json",
    pdf: "application/pdf",
  }),
);

/** The media type that the ending of a file name or of a URL's path stands for. */
export function mediaTypeOfName(name: string): string | undefined {
  const path = URL.canParse(name) ? new URL(name).pathname : name;
  return typeOfExtension.get(path.split(".").at(-1)?.toLowerCase() ?? "");
}

/** The media type of audio of a format: `mp3` is `audio/mpeg`, `wav` is `audio/wav`. */
export function mediaTypeOfAudio(format: string): string {
  if (format.includes("/")) return format;
  return format === "mp3" ? "audio/mpeg" : `audio/${format}`;
}

/** The format of audio of a media type: `audio/mpeg` is `mp3`. */
export function audioFormat(mediaType: string): string {
  const subtype = mediaType.replace(/^audio\//, "").replace(/;.*$/, "");
  return subtype === "mpeg" ? "mp3" : subtype;
}
