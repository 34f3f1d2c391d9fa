// `latchkey console` in a browser: the address that it prints opens it, and nothing else does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, open } from "./browser.js";
import { startConsole, startDev } from "./dev.js";

test("the printed address opens the console, and is not in the browser's bar afterwards", async () => {
  const dev = await startDev();
  const { address, stop } = await startConsole(dev.base);
  const browser = await launch();
  const { origin } = new URL(address);
  const known = await open(browser, origin);
  const stranger = await open(browser, origin);
  try {
    await known.page.goto(address);
    assert.equal(known.page.url(), `${origin}/`);
    assert.match(await known.page.locator("main").innerText(), /CloudWatch has them/);
    await known.page.goto("/new-plan");
    await known.page.getByLabel("Name").fill("From the console");
    await known.page.getByRole("button", { name: "Create plan" }).click();
    assert.match(await known.page.locator("main").innerText(), /The plan is made/);
    const refused = await stranger.page.goto("/");
    assert.equal(refused.status(), 403);
    assert.match(await stranger.page.locator("body").innerText(), /lacks the console's token/);
    assert.deepEqual(known.complaints, []);
  } finally {
    await browser.close();
    stop();
    dev.stop();
  }
});
