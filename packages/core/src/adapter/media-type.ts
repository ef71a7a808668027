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

/** The media type that the ending of a file's name or of a URL's path stands for; undefined for an ending that is not known. */
export function mediaTypeOfName(name: string): string | undefined {
  const path = URL.canParse(name) ? new URL(name).pathname : name;
  const extension = path.split(".").at(-1)?.toLowerCase() ?? "";
  return typeOfExtension.get(extension);
}

/**
 * The media type of what is at a URL, of which `known` says as much as one knows: `image/*`, or `application/octet-stream`. What the
 * URL's ending tells counts only where it agrees: an image at `/photo.php` stays an image.
 */
export function mediaTypeOfUrl(url: string, known: string): string {
  const guess = mediaTypeOfName(url);
  if (guess === undefined || known === "application/octet-stream") return guess ?? known;
  return known.endsWith("/*") && guess.startsWith(known.slice(0, -1)) ? guess : known;
}

/** The media type of audio of a format: `mp3` is `audio/mpeg`, `wav` is `audio/wav`. A media type stays what it is. */
export function mediaTypeOfAudio(format: string): string {
  if (format.includes("/")) return format;
  return `audio/${subtypeOfFormat.get(format) ?? format}`;
}

/** The format of audio of a media type: `audio/mpeg` is `mp3`, `audio/x-wav` is `wav`. */
export function audioFormat(mediaType: string): string {
  const subtype = mediaType.replace(/^audio\/(x-)?/, "").replace(/;.*$/, "");
  return subtype === "mpeg" ? "mp3" : subtype;
}
