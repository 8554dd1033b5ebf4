// Drives a catalogue's site in a real Chromium and prints one JSON object of what it saw.
//
//   node tools/browser/browse.mjs URL_OF_THE_SITE [FOLDER_FOR_SCREENSHOTS]
//
// Needs `playwright-core` and `axe-core` (npm) where node finds them, and Chromium in CHROMIUM.
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";

const require = createRequire(`${process.env.NODE_PROJECT ?? process.cwd()}/`);
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");
const axeSource = (await import("node:fs")).readFileSync(axe, "utf8");

const [site, shots] = process.argv.slice(2);
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const seen = { pages: [], errors: [], requests: [], axe: [], dialogs: 0, checks: {} };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: FLAGS,
});

async function open(options) {
  const context = await browser.newContext({ bypassCSP: false, ...options });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      seen.errors.push(`${page.url()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => seen.errors.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(site)) seen.requests.push(request.url());
  });
  page.on("dialog", (dialog) => {
    seen.dialogs += 1;
    dialog.dismiss();
  });
  return page;
}

async function visit(page, name) {
  await page.goto(`${site}/${name}`);
  if (name.startsWith("rules.html")) await page.waitForSelector("html[data-ready]");
  seen.pages.push(name);
}

async function shoot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

async function accessible(name, scheme) {
  // the page's own policy forbids foreign scripts; this context is for the examination only
  const page = await open({ bypassCSP: true, colorScheme: scheme, viewport: { width: 1280, height: 900 } });
  await page.goto(`${site}/${name}`);
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run({ preload: false }));
  for (const fault of found.violations) {
    seen.axe.push({ page: name, scheme, id: fault.id, impact: fault.impact,
      nodes: fault.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) });
  }
  await page.context().close();
}

const found = (page) => page.textContent("#found");
const results = (page) => page.$$eval("#results a", (links) => links.map((link) => link.textContent));

const page = await open({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
for (const name of ["index.html", "attack.html", "events.html", "indicators.html",
  "false-positives.html", "fidelity.html", "duplicates.html", "rules.html"]) {
  await visit(page, name);
  await shoot(page, name.replace(".html", ""));
}
const everything = await found(page);
seen.checks.all = everything;

// the keyboard alone: "/" to the search, words, down to a result, and open it
await page.keyboard.press("/");
await page.keyboard.type(process.env.SEARCH ?? "powershell");
await page.waitForFunction((before) => document.querySelector("#found").textContent !== before, everything);
seen.checks.found = await found(page);
seen.checks.results = (await results(page)).slice(0, 10);
await shoot(page, "search");
await page.keyboard.press("ArrowDown");
await page.keyboard.press("Enter");
await page.waitForLoadState();
seen.checks.opened = await page.textContent("h1");
const rule = page.url().slice(site.length + 1);
await shoot(page, "rule");
await page.screenshot(shots ? { path: `${shots}/rule-full.png`, fullPage: true } : {});

// filters, kept in the address
await visit(page, "rules.html");
if (await page.$("#status")) {
  await page.selectOption("#status", "n");
  await page.waitForFunction((before) => document.querySelector("#found").textContent !== before, everything);
  seen.checks.unsupported = await found(page);
  seen.checks.address = new URL(page.url()).hash;
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  seen.checks.recalled = await found(page);
}

// a hostile rule shows as text
await visit(page, "rules.html#q=" + encodeURIComponent("<script>alert(1)</script>"));
seen.checks.hostile = await results(page);
if (seen.checks.hostile.length) {
  await page.click("#results a");
  await page.waitForLoadState();
  seen.checks.hostileTitle = await page.textContent("h1");
  seen.checks.hostileScripts = await page.$$eval("main script, main iframe, main img", (x) => x.length);
  seen.checks.hostileLinks = await page.$$eval("a", (links) =>
    links.map((link) => link.protocol).filter((p) => !["http:", "https:", "file:"].includes(p)));
  await shoot(page, "hostile");
}

// dark, and a phone
const night = await open({ viewport: { width: 1280, height: 900 }, colorScheme: "dark" });
for (const name of ["index.html", rule, "attack.html"]) {
  await visit(night, name);
  await shoot(night, `dark-${name.replace(/.*\//, "").replace(".html", "")}`);
}
await night.click("#theme");
seen.checks.theme = await night.evaluate(() => document.documentElement.dataset.theme);
const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2 });
seen.checks.overflow = [];
for (const name of ["index.html", "rules.html", rule, "attack.html", "fidelity.html", "events.html"]) {
  await visit(phone, name);
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
  if (wide) seen.checks.overflow.push(name);
  await shoot(phone, `phone-${name.replace(/.*\//, "").replace(".html", "")}`);
}

for (const name of ["index.html", "rules.html", rule, "attack.html", "events.html", "indicators.html",
  "false-positives.html", "fidelity.html", "duplicates.html"]) {
  for (const scheme of ["light", "dark"]) await accessible(name, scheme);
}
await browser.close();
console.log(JSON.stringify(seen, null, 1));
