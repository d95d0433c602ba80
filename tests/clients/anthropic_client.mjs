// The official Node client of Anthropic.

import Anthropic from "@anthropic-ai/sdk";
import { Report, Texts } from "./checks.mjs";

const ask = { model: "m", max_tokens: 99, messages: [{ role: "user", content: "Hello" }] };

const client = (root, reader, maxRetries = 0) =>
  new Anthropic({ apiKey: "none", baseURL: root, defaultHeaders: { "x-customer-id": reader }, maxRetries });

async function stream(root, reader, maxRetries) {
  const texts = new Texts();
  let dump = "";
  for await (const event of await client(root, reader, maxRetries).messages.create({ ...ask, stream: true })) {
    dump += JSON.stringify(event);
    if (event.type === "content_block_delta") {
      for (const key of ["text", "thinking", "partial_json"]) texts.add(`${event.index} ${key}`, event.delta[key]);
    }
    if (event.type === "message_delta") texts["! stop_reason"] = event.delta.stop_reason;
  }
  return [texts.parsed("partial_json"), dump];
}

function blocks(message) {
  const texts = Object.assign(new Texts(), { "! stop_reason": message.stop_reason });
  for (const [at, block] of message.content.entries()) {
    for (const key of ["text", "thinking", "input"]) if (block[key]) texts[`${at} ${key}`] = block[key];
  }
  return [texts, JSON.stringify(message)];
}

const helper = async (root, reader) => blocks(await client(root, reader).messages.stream(ask).finalMessage());
const whole = async (root, reader) => blocks(await client(root, reader).messages.create(ask));

const isText = (key) => key.endsWith(" text");
const refused = { "! stop_reason": "refusal" };
const report = new Report("@anthropic-ai/sdk (Node)");
for (const name of ["text", "thinking", "tool-use", "citations"]) {
  await report.answers(name, `anthropic/${name}.sse`, stream, isText, refused);
  await report.answers(`${name}, helper`, `anthropic/${name}.sse`, helper, isText, refused);
}
await report.answers("whole", "anthropic/whole.json", whole, isText, refused);
await report.fails("refused by the upstream", "anthropic/error-body.json", stream, ",status=404");
await report.fails("an error in the stream", "anthropic/error.sse", stream);
for (const cut of [1, 400, 1500]) await report.fails(`cut after ${cut} bytes`, "anthropic/text.sse", stream, `,cut=${cut}`);
await report.askedOnce("what cannot be checked is asked for once", "anthropic/text.sse", (root, reader) => stream(root, reader, 2));
report.close();
