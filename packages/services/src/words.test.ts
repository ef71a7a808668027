import { words } from "./words.ts";

describe("words", () => {
  it("splits at everything that is neither letter nor digit", () => {
    expect(words("Don't panic: it's 42, e-mail ada@example.com_now!")).toEqual([
      "don",
      "t",
      "panic",
      "it",
      "s",
      "42",
      "e",
      "mail",
      "ada",
      "example",
      "com",
      "now",
    ]);
    expect(words(" \n ¿?! — 👩‍🚀 ")).toEqual([]);
  });

  it("makes the same word of its different ways of writing", () => {
    expect(words("CAFE\u0301 café Ｃａｆé ﬁn")).toEqual(["café", "café", "café", "fin"]);
    expect(words("ÜBER Москва ΑΘΗΝΑ")).toEqual(["über", "москва", "αθηνα"]);
  });

  it("keeps marks with their letters in scripts that need them", () => {
    expect(words("नमस्ते दुनिया")).toEqual(["नमस्ते", "दुनिया"]);
  });

  it("cuts scripts without spaces into words", () => {
    expect(words("她喜欢乌龙茶和绿茶")).toEqual(["她", "喜欢", "乌龙茶", "和", "绿茶"]);
    expect(words("ฉันชอบกินข้าว")).toEqual(["ฉัน", "ชอบ", "กิน", "ข้าว"]);
    expect(words("東京、Ada。")).toEqual(["東京", "ada"]);
  });
});
