import { audioFormat, mediaTypeOfAudio, mediaTypeOfName, mediaTypeOfUrl } from "./media-type.ts";

it.each([
  ["report.PDF", "application/pdf"],
  ["photo.of.a.cat.jpg", "image/jpeg"],
  ["https://example.com/talk.mp3?from=10", "audio/mpeg"],
  ["README", undefined],
  ["https://example.com/photo", undefined],
  ["notes.unknown", undefined],
])("knows of %s that it is %s", (name, mediaType) => {
  expect(mediaTypeOfName(name)).toBe(mediaType);
});

it.each([
  ["https://example.com/photo.png", "image/*", "image/png"],
  ["https://example.com/photo.php", "image/*", "image/*"],
  ["https://example.com/film.mp4", "image/*", "image/*"],
  ["https://example.com/report.pdf", "application/octet-stream", "application/pdf"],
  ["https://example.com/report", "application/octet-stream", "application/octet-stream"],
  ["https://example.com/table.csv", "text/plain", "text/plain"],
])("believes the ending of %s where it agrees with %s", (url, known, mediaType) => {
  expect(mediaTypeOfUrl(url, known)).toBe(mediaType);
});

it.each([
  ["mp3", "audio/mpeg"],
  ["m4a", "audio/mp4"],
  ["wav", "audio/wav"],
  ["audio/ogg", "audio/ogg"],
])("knows the media type of audio as %s", (format, mediaType) => {
  expect(mediaTypeOfAudio(format)).toBe(mediaType);
});

it.each([
  ["audio/mpeg", "mp3"],
  ["audio/x-wav", "wav"],
  ["audio/ogg;codecs=opus", "ogg"],
])("knows the format of %s", (mediaType, format) => {
  expect(audioFormat(mediaType)).toBe(format);
});
