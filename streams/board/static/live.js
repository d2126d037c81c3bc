// Keeps a page alive: listens to the stream, and asks for the same page again when something has changed.

import { announce, isWaiting, mine } from "./acts.js";
import { morph } from "./morph.js";
import { left, leftAt } from "./words.js";

const STALE = 20_000, READING = 60_000, LEAST = 500, SHARE = 10, TICK = 250;
const main = () => document.getElementById("main");
const $ = (id) => document.getElementById(id);
let stream = null, heard = performance.now(), base = { now: 0, at: 0, rate: 1 };
let asked = 0, took = 50, timer = 0, running = false, again = false, touched = -READING, status = null, tries = 0;
let forced = false; // the next page is put in whoever reads
let nextLook = Infinity;

export function start() {
  sync();
  connect();
  setInterval(tick, TICK);
  for (const kind of ["keydown", "pointerdown", "wheel", "touchmove"])
    addEventListener(kind, () => (touched = performance.now()), { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  $("news")?.addEventListener("click", showNews);
}

/** Milliseconds of the clock that judges. */
export const now = () => base.now + (performance.now() - base.at) * base.rate;

function sync() {
  const { now: at, rate } = main().dataset;
  if (!at) return;
  base = { now: Number(at), at: performance.now(), rate: Number(rate) };
  nextLook = performance.now() + Math.max(2000, Math.min(30_000, 900_000 / base.rate));
}

// -- the stream -------------------------------------------------------------------------------------------------

/** Another view: the page again, whoever reads, and a stream of what it shows. */
export function turn() {
  forced = true;
  if (stream && filters() !== stream.filters) connect();
  refresh();
}

function filters() {
  const query = new URLSearchParams(location.search), given = new URLSearchParams();
  for (const name of ["workflow", "department"]) if (query.get(name)) given.set(name, query.get(name));
  return `${given}`;
}

function connect() {
  stream?.close();
  const given = filters();
  stream = new EventSource(`/api/stream?${given}`);
  stream.filters = given;
  stream.addEventListener("change", (event) => (hear(), concerns(event.data) && refresh()));
  stream.addEventListener("reset", () => (hear(), refresh()));
  stream.addEventListener("status", (event) => (hear(), (status = JSON.parse(event.data)), showStatus()));
  stream.onerror = async () => {
    showStatus();
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    const me = await fetch("/api/me").catch(() => null);
    if (me?.status === 401) return location.reload();
    setTimeout(connect, Math.min(15_000, 500 * 2 ** tries++));
  };
}

/** Whether a change is of what is shown: the board shows all, an item's page one. */
function concerns(data) {
  const shown = document.querySelector("main > .row")?.dataset;
  if (!shown) return true;
  const { items = [], gone = [] } = JSON.parse(data);
  return [...items, ...gone].some((each) => each.item === shown.item && each.workflow === shown.workflow);
}

function hear() {
  heard = performance.now();
  tries = 0;
  document.documentElement.classList.remove("stale-now");
  $("stale").hidden = true;
}

function showStatus() {
  const line = $("status"), broken = stream.readyState !== EventSource.OPEN;
  const parts = [["s-live", broken ? "Not live: reconnecting" : "Live", broken ? "off" : "live"]];
  if (status) {
    const { seen, workers, members, feeds = [] } = status;
    const missing = seen.missing?.length ?? 0, behind = seen.catching_up?.length ?? 0;
    const whole = missing ? `not complete: ${missing} of ${seen.partitions} partitions` :
      behind ? `catching up: ${behind} of ${seen.partitions} partitions` : "caught up";
    parts.push(["s-seen", whole, missing || behind ? "odd" : ""]);
    parts.push(["s-workers", `${workers} of ${members} worker${members === 1 ? "" : "s"}`, workers < members ? "odd" : ""]);
    const silent = feeds.map((feed) => feed.workflow).join(", ");
    parts.push(["s-feeds", silent ? `silent: ${silent}` : "feeds ok", silent ? "odd" : ""]);
  }
  parts.push(["s-clock", clock(), ""]);
  for (const [index, [id, words, kind]] of parts.entries()) {
    const part = $(id) ?? Object.assign(document.createElement("span"), { id });
    if (line.children[index] !== part) line.insertBefore(part, line.children[index] ?? null);
    if (part.textContent !== words) part.textContent = words;
    if (part.className !== kind) part.className = kind;
  }
}

function clock() {
  const { zone, zoneName } = main().dataset;
  if (!zone) return "";
  const form = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return `${new Intl.DateTimeFormat("en-GB", form).format(now())} ${zoneName}`;
}

// -- the page ---------------------------------------------------------------------------------------------------

/** Ask for the page again: at once if that is long ago, and never so often that it takes much of a worker's time. */
export function refresh() {
  if (document.hidden) return;
  if (running) return void (again = true);
  clearTimeout(timer);
  timer = setTimeout(load, Math.max(0, asked + Math.max(LEAST, took * SHARE) - performance.now()));
}

async function load() {
  running = true;
  again = false;
  asked = performance.now();
  try {
    await fetchPage();
  } catch {
    setTimeout(refresh, 2000);
  } finally {
    running = false;
    if (again) refresh();
  }
}

async function fetchPage() {
  const address = new URL(location.href);
  const open = [...document.querySelectorAll("#held[open], #resolved[open]")].map((fold) => fold.id);
  if (open.length) address.searchParams.set("open", open.join(","));
  address.hash = "";
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return void setTimeout(refresh, 1000 * Number(answer.headers.get("Retry-After") ?? 5));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  took = performance.now() - asked;
  put(page);
}

/** Whether somebody reads the list, so that nothing may move under his eyes. */
function reading() {
  if (performance.now() - touched > READING) return false;
  return scrollY > 120 || $("list")?.contains(document.activeElement) || Boolean(document.querySelector(".more[open]"));
}

const rowsShown = () => [...document.querySelectorAll("#board .row")];

function put(page) {
  const old = main(), next = page.getElementById("main");
  if (next.dataset.page !== old.dataset.page) return location.reload();
  const focus = document.activeElement?.id, at = rowsShown().indexOf(document.activeElement?.closest?.(".row"));
  const rows = $("list") && !forced && reading() ? hold(page) : 0;
  forced = false;
  morph(old, next);
  document.title = page.title;
  for (const row of document.querySelectorAll(".row")) if (isWaiting(row)) row.classList.add("gone");
  if (focus && document.activeElement?.id !== focus) $(focus)?.focus({ preventScroll: true });
  if (at >= 0 && document.activeElement === document.body)
    rowsShown()[Math.min(at, rowsShown().length - 1)]?.querySelector(".c-item a").focus({ preventScroll: true });
  const news = $("news");
  if (news) {
    news.hidden = !rows;
    news.textContent = rows ? `${rows} new` : "";
  }
  sync();
  tick();
  summarise();
}

/** While somebody reads: rows stay where they are, those that went are marked, new ones wait. How many wait. */
function hold(page) {
  const list = $("list"), next = page.getElementById("list");
  const rows = [...list.querySelectorAll("#board .row")];
  const known = new Set(rows.map((row) => row.id));
  const waiting = [...next.querySelectorAll("#board .row")].filter((row) => !known.has(row.id)).length;
  const left = rows.filter((row) => !next.querySelector(`#${CSS.escape(row.id)}`));
  if (!waiting && !left.length) return 0;
  const kept = list.cloneNode(true);
  for (const row of kept.querySelectorAll("#board .row")) {
    const found = next.querySelector(`#${CSS.escape(row.id)}`);
    if (found) row.replaceWith(document.importNode(found, true));
    else if (mine.has(row.id)) row.remove();
    else row.classList.add("gone");
  }
  next.replaceWith(kept);
  return waiting;
}

export function showNews() {
  scrollTo({ top: 0 });
  turn();
}

let said = 0;
function summarise() {
  const words = main().dataset.summary;
  if (!words || words === summarise.last || performance.now() - said < 10_000) return;
  if (summarise.last !== undefined) announce(words);
  summarise.last = words;
  said = performance.now();
}

// -- time -------------------------------------------------------------------------------------------------------

function tick() {
  const silent = performance.now() - heard;
  if (silent > STALE) {
    document.documentElement.classList.add("stale-now");
    const words = `No news for ${Math.floor(silent / 1000)} s: what you see may be out of date. Trying again.`;
    const bar = $("stale");
    bar.hidden = false;
    if (bar.lastElementChild.textContent !== words) bar.lastElementChild.textContent = words;
    if (silent > STALE + 15_000 && stream.readyState === EventSource.OPEN) (heard = performance.now() - STALE), connect();
  } else {
    for (const span of document.querySelectorAll(".left[data-left]")) {
      const { left: seconds, counting, changes, elapsed } = span.dataset;
      const words = left(leftAt(Number(seconds), counting === "1", Number(changes), base.now, now()), elapsed === "1");
      if (span.textContent !== words) span.textContent = words;
    }
    if (performance.now() > nextLook) (nextLook = performance.now() + 30_000), refresh();
  }
  if ($("s-clock")) showStatus();
}
