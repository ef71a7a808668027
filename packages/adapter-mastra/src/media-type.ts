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
    docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  }),
);

const subtypeOfFormat = new Map([
  ["mp3", "mpeg"],
  ["m4a", "mp4"],
]);
const formatOfSubtype = new Map([
  ["mpeg", "mp3"],
  ["x-wav", "wav"],
]);

/** The media type that the ending of a file name or of a URL's path stands for. */
export function mediaTypeOfName(name: string): string | undefined {
  const path = URL.canParse(name) ? new URL(name).pathname : name;
  const extension = path.split(".").at(-1)?.toLowerCase() ?? "";
  return typeOfExtension.get(extension);
}

/** The media type of raw audio: `mp3` is `audio/mpeg`, `wav` is `audio/wav`. */
export function mediaTypeOfAudio(format: string): string {
  if (format.includes("/")) return format;
  return `audio/${subtypeOfFormat.get(format) ?? format}`;
}

/** The format of audio of this media type: `audio/mpeg` is `mp3`. */
export function audioFormat(mediaType: string): string {
  const subtype = mediaType.replace(/^audio\//, "").replace(/;.*$/, "");
  return formatOfSubtype.get(subtype) ?? subtype;
}
