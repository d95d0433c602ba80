// The AI SDK in the browser: the UI message stream and the text stream, as `useChat` reads them.

import { DefaultChatTransport, TextStreamChatTransport, readUIMessageStream } from "ai";
import { Report, Texts } from "./checks.mjs";

const asked = [{ id: "1", role: "user", parts: [{ type: "text", text: "Hello" }] }];

function asks(Transport) {
  return async (root, reader) => {
    const transport = new Transport({ api: `${root}/api/chat`, headers: { "x-customer-id": reader } });
    const stream = await transport.sendMessages({ chatId: "1", messages: asked, trigger: "submit-message" });
    const [seen, read] = stream.tee();
    const texts = new Texts();
    let dump = "";
    const chunks = (async () => {
      for await (const chunk of seen) {
        dump += JSON.stringify(chunk);
        if (chunk.type === "finish" && chunk.finishReason) texts["! finish"] = chunk.finishReason;
      }
    })();
    let last;
    const messages = (async () => {
      for await (const message of readUIMessageStream({ stream: read, terminateOnError: true })) last = message;
    })();
    const [, broken] = await Promise.allSettled([chunks, messages]);
    if (broken.status === "rejected") throw broken.reason;
    for (const [at, part] of (last?.parts ?? []).entries()) {
      for (const key of ["text", "input", "output", "errorText", "data", "title"]) if (part[key]) texts[`${at} ${part.type} ${key}`] = part[key];
    }
    return [texts, dump + JSON.stringify(last)];
  };
}

const ui = asks(DefaultChatTransport);
const text = asks(TextStreamChatTransport);
const isText = (key) => key.endsWith(" text text");
const report = new Report("ai (Node)");
await report.answers("text and reasoning", "ai-sdk-ui/text.sse", ui, isText, { "! finish": "content-filter" });
await report.answers("tools, sources and data", "ai-sdk-ui/tools.sse", ui, isText, { "! finish": "content-filter" });
await report.answers("bare text", "text/text.txt", text, isText);
await report.fails("an error in the stream", "ai-sdk-ui/error.sse", ui);
for (const cut of [1, 400]) await report.fails(`cut after ${cut} bytes`, "ai-sdk-ui/text.sse", ui, `,cut=${cut}`);
report.close();
