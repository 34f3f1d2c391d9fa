// What people do with the console, from the first start to the audit; once with its script, and
// once without any.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.js";
import { startDev } from "./dev.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const click = (page, role, name) => page.getByRole(role, { name, exact: true }).click();
const text = (page) => page.locator("main").innerText();

async function valueShown(page, scripted) {
  const value = await page.locator("#value").textContent();
  assert.match(value, /^lk_live_[0-9A-Za-z]{54}$/, "the value can be read");
  if (scripted) {
    await click(page, "button", "Copy the value");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), value);
  } else {
    assert.equal(await page.getByRole("button", { name: "Copy the value" }).count(), 0);
  }
  return value;
}

async function verify(page, value) {
  await click(page, "link", "Verify");
  await page.getByLabel("Key value").fill(value);
  await click(page, "button", "Verify");
  assert.ok(!(await page.content()).includes(value), "the value does not come back");
  return text(page);
}

async function firstStart(page) {
  await page.goto("/");
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Overview");
  assert.match(await text(page), /curl .*\/demo-rest\/orders\/42[\s\S]*None yet\./);
}

async function createPlan(page) {
  await click(page, "link", "Plans");
  await click(page, "link", "New plan");
  await page.getByLabel("Name").fill("Gold <b>&");
  await page.getByLabel("Units").fill("many");
  await click(page, "button", "Create plan");
  assert.match(await text(page), /see the fields that are marked/);
  assert.equal(await page.getByLabel("Name").inputValue(), "Gold <b>&", "what was typed is kept");
  await page.getByLabel("Units").fill("3");
  await page.getByLabel("Period").selectOption("a day");
  await click(page, "button", "Create plan");
  assert.match(await text(page), /The plan is made\.[\s\S]*3 a day/);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Gold <b>&");
}

async function createKey(page, scripted) {
  await click(page, "link", "New key");
  assert.ok(await page.getByLabel("Gold <b>&").isChecked(), "the plan it was made from");
  await page.getByLabel("Name").fill("Acme");
  await page.getByLabel("Customer").fill("cus_42");
  await click(page, "button", "Create key");
  return valueShown(page, scripted);
}

async function exhaust(dev, page, value) {
  assert.match(await page.locator("#call-1").textContent(), /^curl -i -H 'x-api-key: lk_live_/);
  for (const status of [200, 200, 200, 429]) {
    assert.equal((await dev.call(value)).status, status);
  }
  await click(page, "link", "To the key's page");
  assert.match(await text(page), /0 of 3 left · 3 used today/);
  const chart = page.getByRole("img", { name: "Use of Gold <b>& by day" });
  assert.match(await chart.locator("desc").textContent(), /3 units in 30 days/);
  await page.getByText("The same as a table").click();
  assert.equal(await page.locator(".chart tbody tr").count(), 30);
  await click(page, "link", "Overview");
  const near = page.getByRole("region", { name: "Near their quota" });
  assert.match(await near.innerText(), /Acme on Gold <b>&[\s\S]*0 of 3 left/);
  assert.match(await text(page), /The quota of this period is used up/);
}

async function explained(page, value) {
  const told = await verify(page, value);
  assert.match(told, /It would be refused quota_exceeded/);
  assert.match(told, /The quota of this period is used up/);
  assert.match(told, /Come back\s+in .*, at \d{4}-\d\d-\d\d 00:00 UTC/);
  assert.match(told, /The key is enabled\s+passed/);
}

async function grantAndRotate(dev, page, value, scripted) {
  await page.locator(".answer .facts").getByRole("link").first().click();
  await page.getByText("Grant, move or take off").click();
  await page.getByLabel("Units left in this period").fill("5");
  await click(page, "button", "Set");
  assert.match(await text(page), /5 of 3 left/);
  assert.equal(await dev.until(200, value), 200);
  await page.getByLabel("The current value works for").selectOption("1 hour");
  await click(page, "button", "Rotate");
  assert.match(await text(page), /The value before it works for 1 h 0 min yet/);
  const rotated = await valueShown(page, scripted);
  assert.notEqual(rotated, value);
  assert.deepEqual([(await dev.call(rotated)).status, (await dev.call(value)).status], [200, 200]);
  return rotated;
}

async function disable(dev, page, value) {
  await click(page, "link", "To the key's page");
  await click(page, "button", "Disable");
  assert.match(await text(page), /The key is disabled/);
  assert.match(await verify(page, value), /refused key_disabled[\s\S]*Enable it on its page/);
}

async function audited(page) {
  await click(page, "link", "Audit");
  const changes = page.locator(".changes > li");
  assert.match(await changes.nth(0).innerText(), /key\.update/);
  await changes.nth(0).getByText(/field/).click();
  assert.match(await changes.nth(0).innerText(), /enabled[\s\S]*true[\s\S]*false/);
  assert.match(await changes.nth(1).innerText(), /key\.rotate/);
  await changes.nth(0).getByRole("link").click();
  await click(page, "link", "Delete");
  assert.match(await text(page), /It cannot be undone/);
  await click(page, "button", "Delete the key");
  assert.match(await text(page), /Deleted\./);
}

async function imported(page) {
  await click(page, "link", "Import");
  const table = "Name,key,usageplanIds\nBeta,beta-0123456789-abcdef,demo\nGamma,,none\n";
  await page.getByLabel("File").setInputFiles({ name: "k.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await page.getByLabel("Write all rows").check();
  await click(page, "button", "Send");
  assert.match(await text(page), /Nothing was written: 1 thing is wrong[\s\S]*no usage plan has the id none/);
  await page.getByLabel("Or paste the table").fill(table.replace("none", "demo"));
  await page.getByLabel("Write all rows").check();
  await click(page, "button", "Send");
  assert.match(await text(page), /2 rows: 2 made/);
  await click(page, "link", "Keys");
  await page.getByLabel("Name begins with").fill("Be");
  await click(page, "button", "Search");
  assert.deepEqual(await page.locator("tbody th a").allInnerTexts(), ["Beta"]);
}

for (const scripted of [true, false]) {
  test(`people get from the first start to the audit ${scripted ? "with" : "without"} scripts`, async () => {
    const dev = await startDev();
    const { page, complaints, close } = await open(browser, dev.base, { javaScriptEnabled: scripted });
    try {
      await firstStart(page);
      await createPlan(page);
      const value = await createKey(page, scripted);
      await exhaust(dev, page, value);
      await explained(page, value);
      const rotated = await grantAndRotate(dev, page, value, scripted);
      await disable(dev, page, rotated);
      await audited(page);
      await imported(page);
      assert.deepEqual(complaints, []);
    } finally {
      await close();
      dev.stop();
    }
  });
}

test("the overview shows a call without being loaded again", async () => {
  const dev = await startDev();
  const { page, complaints, close } = await open(browser, dev.base);
  try {
    await page.goto("/");
    await page.evaluate(() => { window.stillHere = true; });
    await dev.call(dev.keys[0], "/orders/7");
    await page.getByText("/demo-rest/orders/7").waitFor();
    assert.ok(await page.evaluate(() => window.stillHere));
    assert.deepEqual(complaints, []);
  } finally {
    await close();
    dev.stop();
  }
});
