// Every page: no barrier that axe-core finds, in light and in dark, and nothing that is wider
// than a small phone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.js";
import { startDev } from "./dev.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LONG = "An-unbroken-name-that-is-far-longer-than-a-phone-is-wide-0123456789";

let browser, dev, pages;
before(async () => {
  browser = await launch();
  dev = await startDev();
  await dev.admin("PUT", "/plans/shared", {
    name: LONG, scope: "customer", quota: { limit: 1000000000, period: "MONTH" },
    apiStages: [{ apiId: "demorest", stage: "dev", units: { "/reports/{name}/GET": 5 } }],
  });
  const key = await dev.admin("POST", "/keys", {
    name: LONG, customerId: LONG, planIds: ["shared"], allowedIps: ["127.0.0.0/8"], routes: ["GET /orders/*"], metadata: { tier: LONG },
  });
  await dev.admin("POST", `/keys/${key.id}/rotate`, { gracePeriodSeconds: 3600 });
  for (const at of [0, 1, 1, 1]) await dev.call(dev.keys[at], `/orders/${LONG}`);
  await dev.call("wrong-0123456789-0123456789");
  const limited = (await dev.admin("GET", "/plans/demo-limited/keys")).items[0].keyId;
  pages = [
    "/", "/plans", "/new-plan", "/plans/shared", "/plans/shared/edit", "/plans/shared/delete", "/plans/demo",
    "/keys", "/keys?namePrefix=none", "/new-key", `/keys/${key.id}`, `/keys/${key.id}/edit`, `/keys/${key.id}/delete`,
    `/keys/${limited}`, "/verify", "/import", "/audit", "/audit?startDate=never", "/plans/not-there",
  ].map((path) => [path, async () => {}]);
  const sent = (button, fields) => async (page) => {
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label).first().fill(text);
    await page.getByRole("button", { name: button, exact: true }).click();
  };
  pages.push(
    ["/verify", sent("Verify", { "Key value": dev.keys[1] })],
    ["/new-plan", sent("Create plan", { Name: LONG, Units: "many" })],
    ["/new-key", sent("Create key", { Name: LONG })],
    ["/import", sent("Send", { "Or paste": "Name,key\nX,short\n" })],
    ["/import", sent("Send", { "Or paste": `Name,key\n${LONG},${LONG}\n` })],
  );
});
after(async () => { await browser.close(); dev.stop(); });

for (const colorScheme of ["light", "dark"]) {
  test(`axe-core finds no barrier on any page in ${colorScheme}`, async () => {
    const { page, complaints, close } = await open(browser, dev.base, { colorScheme });
    for (const [path, act] of pages) {
      await page.goto(path);
      await act(page);
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n")}`);
      assert.deepEqual(told, [], path);
    }
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("no page is wider than a phone of 360 pixels", async () => {
  const { page, close } = await open(browser, dev.base, { viewport: { width: 360, height: 740 } });
  for (const [path, act] of pages) {
    await page.goto(path);
    await act(page);
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    const wide = await page.evaluate(() => {
      const all = [...document.querySelectorAll("main *, header *, footer *")];
      const over = all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest("svg, .unseen, .skip"));
      return { page: document.documentElement.scrollWidth, over: over.map((one) => one.outerHTML.slice(0, 120)) };
    });
    assert.deepEqual(wide, { page: 360, over: [] }, path);
  }
  await close();
});
