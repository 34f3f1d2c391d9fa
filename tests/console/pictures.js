// The pictures of docs/: a `latchkey dev` with a made-up month of calls, written to its table as
// the authorizer would have, and the pages as Chromium shows them.

import { launch, open } from "./browser.js";
import { startDev } from "./dev.js";

const [folder] = process.argv.slice(2);
const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY);
const month = (() => {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) / DAY;
})();

/** The same numbers each time, between 0 and 1. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

async function history(dev, keyId, planId, quota, daily, seed) {
  const random = chance(seed);
  const set = {};
  let used = 0;
  for (let day = today - 29; day <= today; day += 1) {
    const weekend = [2, 3].includes(day % 7);
    const units = Math.round(daily * (weekend ? 0.35 : 1) * (0.7 + 0.6 * random()) * (1 - (today - day) / 70));
    set[`d${day}`] = units;
    if (day >= (quota === "MONTH" ? month : today)) used += units;
  }
  set[`q${(quota === "MONTH" ? month : today) * 24}`] = used;
  const names = Object.fromEntries(Object.keys(set).map((name, at) => [`#${at}`, name]));
  const values = Object.fromEntries(Object.values(set).map((units, at) => [`:${at}`, { N: String(units) }]));
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const answer = await fetch(dev.dynamodb, {
    method: "POST",
    headers: {
      "x-amz-target": "DynamoDB_20120810.UpdateItem",
      "content-type": "application/x-amz-json-1.0",
      "x-amz-date": stamp,
      authorization: `AWS4-HMAC-SHA256 Credential=any/${stamp.slice(0, 8)}/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=any`,
    },
    body: JSON.stringify({
      TableName: "latchkey",
      Key: { pk: { S: `KEY#${keyId.replace("key_", "")}` }, sk: { S: `METER#${planId}` } },
      UpdateExpression: `SET ${Object.keys(set).map((_, at) => `#${at} = :${at}`).join(", ")}`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function madeUp(dev) {
  const stages = [{ apiId: "demohttp", stage: "$default" }, { apiId: "demorest", stage: "dev" }];
  const plan = (id, body) => dev.admin("PUT", `/plans/${id}`, { apiStages: stages, ...body });
  await plan("starter", { name: "Starter", quota: { limit: 500, period: "DAY" }, throttle: { rateLimit: 5, burstLimit: 10 } });
  await plan("growth", {
    name: "Growth", description: "For teams: a day's batch fits, and reports cost five.",
    quota: { limit: 2000, period: "DAY" }, throttle: { rateLimit: 50, burstLimit: 100 },
    apiStages: [stages[0], { ...stages[1], units: { "/reports/{name}/GET": 5 } }],
  });
  const keys = {};
  for (const [name, customerId, planId, daily] of [
    ["Acme, production", "acme", "growth", 1500], ["Acme, staging", "acme", "starter", 120],
    ["Brightwater", "brightwater", "growth", 1100], ["Corvid Analytics", "corvid", "growth", 1650],
    ["Dunmore & Sons", "dunmore", "starter", 470],
  ]) {
    const key = await dev.admin("POST", "/keys", { name, customerId, planIds: [planId] });
    await history(dev, key.id, planId, "DAY", daily, daily);
    keys[name] = key;
  }
  const acme = keys["Acme, production"];
  await dev.admin("PATCH", `/keys/${acme.id}`, { allowedIps: ["127.0.0.0/8"], routes: ["GET /orders/*", "GET /reports/{name}"] });
  acme.value = (await dev.admin("POST", `/keys/${acme.id}/rotate`, { gracePeriodSeconds: 86_400 })).value;
  await dev.admin("PATCH", `/plans/growth/keys/${keys["Corvid Analytics"].id}/usage`, { remaining: 61 });
  await dev.admin("PATCH", `/plans/starter/keys/${keys["Dunmore & Sons"].id}/usage`, { remaining: 0 });
  await dev.admin("PATCH", `/plans/growth`, { throttle: { rateLimit: 60, burstLimit: 120 } });
  for (const path of ["/orders/42", "/orders/43", "/reports/2026", "/orders/44"]) await dev.call(acme.value, path);
  await dev.call(acme.value, "/admin/users");
  for (let calls = 0; calls < 6; calls += 1) await dev.call(keys.Brightwater.value, `/orders/${calls}`);
  await dev.call("lk_live_nobody-has-this-value");
  for (let calls = 0; calls < 3; calls += 1) await dev.call(keys["Dunmore & Sons"].value);
  return keys;
}

const dev = await startDev("--dynamodb-port", "0");
const browser = await launch();
try {
  const keys = await madeUp(dev);
  const picture = async (name, act, options = {}) => {
    const size = { viewport: { width: 1180, height: 820 }, deviceScaleFactor: 1.5 };
    const { page, close } = await open(browser, dev.base, { ...size, ...options });
    await act(page);
    await page.screenshot({ path: `${folder}/console-${name}.png` });
    await close();
  };
  const key = `/keys/${keys["Acme, production"].id}`;
  const overview = async (page) => {
    await page.goto("/");
    await page.getByText("live", { exact: true }).waitFor();
  };
  await picture("overview", overview);
  await picture("plan", (page) => page.goto("/plans/growth"));
  await picture("key", (page) => page.goto(key));
  await picture("key-dark", (page) => page.goto(key), { colorScheme: "dark" });
  await picture("verify", async (page) => {
    await page.goto("/verify");
    await page.getByLabel("Key value").fill(keys["Dunmore & Sons"].value);
    await page.getByRole("button", { name: "Verify" }).click();
  });
} finally {
  await browser.close();
  dev.stop();
}
