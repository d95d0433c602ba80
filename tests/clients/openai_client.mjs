// The official Node client of OpenAI.

import OpenAI from "openai";
import { Report, Texts } from "./checks.mjs";

const messages = [{ role: "user", content: "Hello" }];

const client = (root, reader, maxRetries = 0) =>
  new OpenAI({ apiKey: "none", baseURL: `${root}/v1`, defaultHeaders: { "x-customer-id": reader }, maxRetries });

function add(texts, choice, part) {
  const at = choice.index;
  for (const key of ["content", "refusal", "reasoning_content", "reasoning"]) {
    const value = part[key];
    for (const piece of Array.isArray(value) ? value : [{ text: value }]) texts.add(`${at} ${key}`, piece.text);
  }
  for (const [place, call] of (part.tool_calls ?? []).entries()) {
    texts.add(`${at} call ${call.index ?? place} arguments`, call.function?.arguments);
    texts.add(`${at} call ${call.index ?? place} input`, call.custom?.input);
  }
  texts.add(`${at} function arguments`, part.function_call?.arguments);
  if (choice.finish_reason) texts[`! finish ${at}`] = choice.finish_reason;
}

async function chat(root, reader, maxRetries) {
  const texts = new Texts();
  let dump = "";
  for await (const chunk of await client(root, reader, maxRetries).chat.completions.create({ model: "m", messages, stream: true })) {
    dump += JSON.stringify(chunk);
    for (const choice of chunk.choices ?? []) add(texts, choice, choice.delta ?? {});
  }
  return [texts.parsed("arguments"), dump];
}

async function helper(root, reader) {
  const texts = new Texts();
  const answer = await client(root, reader).chat.completions.stream({ model: "m", messages }).finalChatCompletion();
  for (const choice of answer.choices) add(texts, choice, choice.message);
  return [texts.parsed("arguments"), JSON.stringify(answer)];
}

async function whole(root, reader) {
  const texts = new Texts();
  const answer = await client(root, reader).chat.completions.create({ model: "m", messages });
  for (const choice of answer.choices) add(texts, choice, choice.message);
  return [texts.parsed("arguments"), JSON.stringify(answer)];
}

async function responses(root, reader) {
  const texts = new Texts();
  let dump = "";
  for await (const event of await client(root, reader).responses.create({ model: "m", input: "Hello", stream: true })) {
    dump += JSON.stringify(event);
    if (event.type.endsWith(".delta") && typeof event.delta === "string") {
      texts.add(`${event.type} ${event.output_index} ${event.content_index} ${event.summary_index}`, event.delta);
    }
    if (event.response && !["response.created", "response.in_progress"].includes(event.type)) texts["! status"] = event.response.status;
  }
  return [texts.parsed("arguments"), dump];
}

async function responsesHelper(root, reader) {
  const answer = await client(root, reader).responses.stream({ model: "m", input: "Hello" }).finalResponse();
  const texts = Object.assign(new Texts(), { "! status": answer.status });
  for (const [at, item] of answer.output.entries()) {
    for (const part of item.content ?? []) texts.add(`${at} text`, part.text);
  }
  return [texts, JSON.stringify(answer)];
}

async function responsesWhole(root, reader) {
  const answer = await client(root, reader).responses.create({ model: "m", input: "Hello" });
  return [Object.assign(new Texts(), { "0 text": answer.output_text, "! status": answer.status }), JSON.stringify(answer)];
}

const isContent = (key) => key.endsWith("content");
const isText = (key) => key.endsWith(" text") || key.includes("output_text");
const filtered = { "! finish 0": "content_filter" };
const incomplete = { "! status": "incomplete" };
const report = new Report("openai (Node)");
for (const name of ["content", "reasoning-content", "reasoning", "tool-calls", "function-call", "custom-tool", "refusal", "logprobs", "lone-cr"]) {
  await report.answers(`chat, ${name}`, `openai-chat/${name}.sse`, chat, isContent, filtered);
}
await report.answers("chat, helper", "openai-chat/content.sse", helper, isContent, filtered);
await report.answers("chat, whole", "openai-chat/whole.json", whole, isContent, filtered);
for (const name of ["text", "reasoning", "calls"]) {
  await report.answers(`responses, ${name}`, `openai-responses/${name}.sse`, responses, isText, incomplete);
}
await report.answers("responses, helper", "openai-responses/text.sse", responsesHelper, isText, incomplete);
await report.answers("responses, whole", "openai-responses/whole.json", responsesWhole, isText, incomplete);
await report.fails("chat, refused by the upstream", "openai-chat/error.json", chat, ",status=404");
await report.fails("chat, an error in the stream", "openai-chat/failed-generation.sse", chat);
for (const cut of [1, 300, 1500]) await report.fails(`chat, cut after ${cut} bytes`, "openai-chat/content.sse", chat, `,cut=${cut}`);
await report.askedOnce("chat, what cannot be checked is asked for once", "openai-chat/content.sse", (root, reader) => chat(root, reader, 2));
report.close();
