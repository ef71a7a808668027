import { serve } from "@agentscope-runtime/express";
import { manyDoorsApp } from "./many-doors-app.ts";

const { PORT = "8090", HOST = "127.0.0.1" } = process.env;
const { url } = await serve(manyDoorsApp(), { port: Number(PORT), host: HOST });
console.log(`many-doors listens on ${url}, where a page shows its doors`);
