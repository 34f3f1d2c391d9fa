// A `latchkey dev` of a test, in memory and on a free port.

import { spawn } from "node:child_process";

/** What a command prints until `end` is in it, and the command. */
async function printed(words, end) {
  const child = spawn(process.env.LATCHKEY, words, {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (end.test(text)) break;
  }
  return { child, text };
}

/** A `latchkey console` before the admin API at `base`: the address that opens it, and how to end it. */
export async function startConsole(base) {
  const { child, text } = await printed(["console", "--url", `${base}/admin`], /token=\w+\n/);
  return { address: text.match(/http:\S+token=\w+/)[0], stop: () => child.kill("SIGTERM") };
}

/** Starts it, and waits until it serves: its address, the demo's keys, and how to end it. */
export async function startDev(...flags) {
  const words = ["dev", "--in-memory", "--port", "0", ...flags];
  const { child, text: announced } = await printed(words, /\/demo\/open\/hello\n/);
  return {
    base: announced.match(/http:\/\/127\.0\.0\.1:\d+/)[0],
    dynamodb: announced.match(/endpoint-url (\S+)/)?.[1],
    keys: [...new Set(announced.match(/lk_demo_[0-9A-Za-z]+/g))],
    stop: () => child.kill("SIGTERM"),
    /** A call of the demo's REST API with a key. */
    async call(key, path = "/orders/42") {
      const answer = await fetch(`${this.base}/demo-rest${path}`, { headers: { "x-api-key": key } });
      return { status: answer.status, body: await answer.json().catch(() => ({})) };
    },
    /** The status of a call, asked for again until it is this one: a change is seen within seconds. */
    async until(status, key) {
      for (let tries = 0; tries < 60; tries += 1) {
        if ((await this.call(key)).status === status) return status;
        await new Promise((wake) => setTimeout(wake, 250));
      }
      return (await this.call(key)).status;
    },
    /** A call of the admin API. */
    async admin(method, path, body) {
      const answer = await fetch(`${this.base}/admin/v1${path}`, {
        method,
        headers: body ? { "content-type": "application/json" } : {},
        body: body && JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.status === 204 ? null : answer.json();
    },
  };
}
