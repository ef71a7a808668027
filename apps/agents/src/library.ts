import { defineTool } from "@agentscope-runtime/tools";
import { z } from "zod";

/** What the researchers can look up: small, and true. */
const entries = [
  "The Volga, in Russia, is 3,530 km long and ends in the Caspian Sea.",
  "The Danube is 2,850 km long; it flows through ten countries and ends in the Black Sea.",
  "The Dnieper is 2,201 km long and ends in the Black Sea.",
  "The Rhine is 1,233 km long and ends in the North Sea.",
  "The Elbe is 1,094 km long and ends in the North Sea.",
  "The Loire, the longest river of France, is 1,006 km long and ends in the Atlantic.",
  "The Seine is 777 km long and ends in the English Channel.",
  "The Po, the longest river of Italy, is 652 km long and ends in the Adriatic.",
  "The Thames is 346 km long and ends in the North Sea.",
  "Lake Ladoga, in Russia, is the largest lake of Europe: 17,700 square km.",
  "Lake Vänern, in Sweden, has 5,650 square km.",
  "Mont Blanc, in the Alps, is 4,806 m high.",
  "Elbrus, in the Caucasus, is 5,642 m high.",
  "The Etna, on Sicily, is a volcano of about 3,400 m.",
];

/** Looks things up in the library. */
export const searchLibrary = defineTool({
  name: "search_library",
  description: "Searches a library of facts about the geography of Europe. Give it a few words, such as: river length.",
  input: z.object({ query: z.string().min(1).describe("A few words.") }),
  readOnly: true,
  run: ({ query }) => {
    const words = (query.toLowerCase().match(/\p{L}{4,}/gu) ?? []).map((word) => word.replace(/s$/, ""));
    const kinds = words.flatMap((word) => kindsByName[word] ?? []);
    // A kind is what is asked for; else any word may be a name.
    const found = entries.filter((entry) =>
      kinds.length > 0
        ? kinds.some((kind) => kind.test(entry))
        : words.some((word) => entry.toLowerCase().includes(word)),
    );
    if (found.length === 0) return `The library has nothing about ${JSON.stringify(query)}.`;
    return found.map((entry) => `- ${entry}`).join("\n");
  },
});

const kindsByName: Readonly<Record<string, RegExp>> = { river: / km long/, lake: /^Lake/, mountain: / m high|volcano/ };
