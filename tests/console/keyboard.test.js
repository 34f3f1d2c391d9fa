// A key is made without a mouse: what has the focus can be seen, and all of it can be reached.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, open } from "./browser.js";
import { startDev } from "./dev.js";

const focused = (page) =>
  page.evaluate(() => {
    const here = document.activeElement;
    const style = getComputedStyle(here);
    const label = here.labels?.[0]?.innerText ?? here.innerText;
    return { name: label.split("\n")[0].trim(), seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 };
  });

/** Presses Tab until what is called so has the focus. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const { name: here, seen } = await focused(page);
    assert.ok(seen, `the focus on ${here} can be seen`);
    if (here.startsWith(name)) return;
  }
  assert.fail(`${name} was not reached`);
}

test("a key is made with the keyboard alone", async () => {
  const dev = await startDev();
  const browser = await launch();
  const { page, complaints, close } = await open(browser, dev.base);
  try {
    await page.goto("/");
    await tabTo(page, "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.goto("/");
    await tabTo(page, "Keys");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/keys");
    await tabTo(page, "New key");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/new-key");
    await tabTo(page, "Name");
    await page.keyboard.type("By keyboard");
    await tabTo(page, "Demo");
    await page.keyboard.press("Space");
    await tabTo(page, "Create key");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "By keyboard is ready" }).waitFor();
    await tabTo(page, "Copy");
    await page.keyboard.press("Enter");
    const value = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal((await dev.call(value)).status, 200);
    assert.deepEqual(complaints, []);
  } finally {
    await close();
    await browser.close();
    dev.stop();
  }
});
