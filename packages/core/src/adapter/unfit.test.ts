import { placeText, unfit } from "./unfit.ts";

it("names the message and its part, for people and for programs", () => {
  const place = { index: 3, kind: "image" };
  expect(placeText(place)).toBe("messages[3] (image)");
  expect(unfit(place, "nothing says where the bytes are")).toMatchObject({
    code: "invalid_argument",
    message: "Invalid messages[3] (image): nothing says where the bytes are.",
    details: place,
  });
});
