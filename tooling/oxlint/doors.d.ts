export declare function allowedFor(name: string): readonly string[] | "any";
