// What all Node clients are checked for: the same as without the proxy, redacted, stopped, refused, cut.

export const { DIRECT, PROXY, STOP } = process.env;
export const OWNER = "C-1003";
export const READER = "C-1001";
const MESSAGE = "That must not be said here.";
const VALUES = {
  "bob.ray@example.com": "[EMAIL]",
  "415-555-0177": "[PHONE]",
  "12 Oak Street": "[ADDRESS]",
  4155550177: "[PHONE]",
};

const safeText = (text) => Object.entries(VALUES).reduce((text, [other, label]) => text.replaceAll(other, label), text);

// What a reader may see of a value; arguments are parsed, so that keys, numbers and escapes are compared as what they mean.
export function safe(value) {
  if (typeof value === "string") return safeText(value);
  if (typeof value === "number") return VALUES[value] ?? value;
  if (Array.isArray(value)) return value.map(safe);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [safeText(key), safe(item)]));
  }
  return value;
}

export class Texts {
  add(key, text) {
    if (text) this[key] = (this[key] ?? "") + text;
  }

  parsed(...words) {
    for (const [key, text] of Object.entries(this)) {
      if (typeof text !== "string" || !words.some((word) => key.includes(word))) continue;
      try {
        this[key] = JSON.parse(text);
      } catch {
        // Not whole: compared as it is.
      }
    }
    return this;
  }
}

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
};

export function differ(expected, found) {
  const [one, other] = [expected, found].map((value) => JSON.stringify(sorted(value)));
  if (one === other) return null;
  for (const key of Object.keys({ ...expected, ...found })) {
    const [one, other] = [expected, found].map((side) => JSON.stringify(sorted(side?.[key])));
    if (one !== other) return `${key}: expected ${one}\nfound ${other}`;
  }
  return `expected ${one}\nfound ${other}`;
}

async function tried(run) {
  try {
    return { gave: await run() };
  } catch (error) {
    return { raised: error.constructor.name, status: error.status, said: String(error.message) };
  }
}

const leaked = (dump) => Object.keys(VALUES).filter((value) => dump.includes(value));
const shown = (texts) => Object.fromEntries(Object.entries(texts).filter(([key]) => !key.startsWith("!")));

export class Report {
  constructor(client) {
    Object.assign(this, { client, passed: 0, failed: 0 });
  }

  async check(name, run) {
    let wrong;
    try {
      wrong = await run();
    } catch (error) {
      wrong = error.stack;
    }
    if (wrong) {
      this.failed += 1;
      console.log(`FAILED ${this.client}: ${name}\n    ${String(wrong).trim().replaceAll("\n", "\n    ")}`);
    } else {
      this.passed += 1;
      console.log(`ok     ${this.client}: ${name}`);
    }
  }

  close() {
    console.log(`${this.client}: ${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed ? 1 : 0);
  }

  // One call. `ask(root, reader)` gives what the client put together and a dump of everything it was given; `isText(key)` says which
  // texts a person reads; `ends` is what the client makes of a stopped response.
  async answers(name, file, ask, isText, ends = {}) {
    let direct;
    await this.check(`${name}: the same text`, async () => {
      [direct] = await ask(`${DIRECT}/r/${file}`, OWNER);
      if (!Object.keys(direct).length) return "the client put nothing together";
      return differ(direct, (await ask(`${PROXY}/r/${file}`, OWNER))[0]);
    });
    await this.check(`${name}: in small pieces`, async () =>
      differ(direct, (await ask(`${PROXY}/r/${file},pieces=11`, OWNER))[0]));
    await this.check(`${name}: redacted`, async () => {
      const [gave, dump] = await ask(`${PROXY}/r/${file}`, READER);
      if (leaked(dump).length) return `can be read: ${leaked(dump)}`;
      return differ(safe(shown(direct)), shown(gave));
    });
    await this.check(`${name}: stopped`, async () => {
      const ended = await tried(() => ask(`${STOP}/r/${file}`, READER));
      const { raises, ...finish } = ends;
      if (ended.raised) return ended.raised === raises ? null : JSON.stringify(ended);
      const [gave, dump] = ended.gave;
      if (leaked(dump).length) return `can be read: ${leaked(dump)}`;
      const said = Object.entries(gave).filter(([key]) => isText(key)).map(([, text]) => String(text).split(MESSAGE).length - 1);
      const times = said.reduce((sum, times) => sum + times, 0);
      if (times !== 1) return `the message is said ${times} times: ${JSON.stringify(gave)}`;
      return differ(finish, Object.fromEntries(Object.keys(finish).map((key) => [key, gave[key]])));
    });
  }

  // An upstream that refuses or breaks off: the client meets what it would have met without the proxy.
  async fails(name, file, ask, options = "") {
    await this.check(name, async () => {
      const direct = await tried(async () => (await ask(`${DIRECT}/r/${file}${options}`, READER))[0]);
      const through = await tried(async () => (await ask(`${PROXY}/r/${file}${options}`, READER))[0]);
      if (leaked(JSON.stringify(through)).length) return `can be read: ${JSON.stringify(through)}`;
      if (!direct.raised) {
        const isFine = through.gave || options.includes("cut");
        return isFine ? null : `without the proxy it gave ${JSON.stringify(direct)}, with it ${JSON.stringify(through)}`;
      }
      if (options.includes("cut")) {
        // A whole body that breaks off is refused before its status line is sent: another error, but one.
        return through.raised ? null : `without the proxy ${JSON.stringify(direct)}, with it ${JSON.stringify(through)}`;
      }
      return differ({ raised: direct.raised, status: direct.status }, { raised: through.raised, status: through.status });
    });
  }

  // A refusal of the proxy's own is not tried again.
  async askedOnce(name, file, ask) {
    await this.check(name, async () => {
      const option = ",type=application-x-unknown-node";
      const ended = await tried(() => ask(`${PROXY}/r/${file}${option}`, READER));
      if (!ended.raised) return `it gave ${JSON.stringify(ended)}`;
      const calls = await (await fetch(`${DIRECT}/calls`)).json();
      const times = calls[file + option];
      return times === 1 ? null : `the upstream was asked ${times} times: ${JSON.stringify(ended)}`;
    });
  }
}
