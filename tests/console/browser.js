// Debian's Chromium. Whatever a page complains of to its console fails the test: a style or a
// script that the policy refuses, a request that fails.

import { chromium } from "playwright-core";

/** The browser, without a screen. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });

/** A page of the console, with what it complains of and what it asked of other hosts. */
export async function open(browser, base, options = {}) {
  const context = await browser.newContext({ baseURL: base, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on("console", (message) => {
    const expected = /status of 4\d\d/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !expected) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith("data:")) complaints.push(`asked ${url}`);
  });
  return { page, complaints, close: () => context.close() };
}
