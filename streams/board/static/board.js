// The board's script: wires the page that the server wrote to the stream (live.js) and to the API (acts.js).

import { acknowledge, announce, say, send, snooze, take, undoLast } from "./acts.js";
import { refresh, showNews, start, turn } from "./live.js";

const $ = (id) => document.getElementById(id);
const root = document.documentElement;
root.classList.add("js");

// -- acts -------------------------------------------------------------------------------------------------------

function act(name, row) {
  if (!row) return;
  const done = () => refresh();
  const words = `${row.dataset.workflow} ${row.dataset.item}`;
  const offered = (kind) => row.querySelector(`[data-act="${kind}"]`);
  if (name === "copy") return copy(row);
  if (!offered("take")) return say($("rights")?.textContent ?? `${words} is over.`);
  if (name === "take") return take(row, done);
  if (name === "snooze") return snooze(row, { minutes: 60 }, done);
  if (name === "snooze-last") return snooze(row, { last_useful: true }, done);
  if (name === "acknowledge" && offered("acknowledge")) return acknowledge([row], words, done);
  return say(`${words}: there is nothing to acknowledge.`);
}

function actOnGroup(button) {
  const rows = [...button.closest("tbody").querySelectorAll(".row")];
  const offered = rows.filter((row) => row.querySelector('[data-act="acknowledge"]'));
  acknowledge(offered, `${offered.length} items of ${button.closest("tbody").id.slice(2)}`, () => refresh());
}

async function copy(row) {
  const link = new URL(`/refs/${row.dataset.ref}`, location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    say("The link is copied.");
  } catch {
    say(link); // no clipboard without https
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  for (const menu of document.querySelectorAll(".more[open]"))
    if (!menu.contains(event.target) || button) menu.open = false;
  if (!button) return;
  if (button.dataset.act === "acknowledge-group") actOnGroup(button);
  else act(button.dataset.act, button.closest(".row"));
});

// -- filters: the same page, without loading it anew -------------------------------------------------------------

function go(address) {
  history.pushState(null, "", address);
  dispatchEvent(new Event("popstate"));
}

addEventListener("popstate", () => turn());
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.count, #more, #clear");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (link.id === "clear") for (const field of $("search").elements) if (field.name) field.value = "";
  go(link.href);
});
$("search")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new URLSearchParams([...new FormData($("search"))].filter(([, value]) => value));
  go(given.size ? `/?${given}` : "/");
});
$("search")?.addEventListener("change", (event) => event.target.matches("select") && $("search").requestSubmit());
for (const fold of ["held", "resolved"]) $(fold)?.addEventListener("toggle", () => $(fold).open && refresh());

// -- keys -------------------------------------------------------------------------------------------------------

const rows = () => [...document.querySelectorAll("#list .row, .fold[open] .row, main > .row")];
const current = () => document.activeElement?.closest?.(".row") ?? document.querySelector("main > .row");

function move(step) {
  const all = rows(), at = all.indexOf(document.activeElement?.closest?.(".row"));
  const to = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  to?.querySelector(".c-item a")?.focus();
  to?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  t: () => act("take", current()),
  a: () => act("acknowledge", current()),
  s: () => act("snooze", current()),
  S: () => act("snooze-last", current()),
  c: () => act("copy", current()),
  u: () => undoLast(),
  n: () => $("news")?.hidden === false && showNews(),
  "/": () => $("q")?.select(),
  "?": () => $("help").showModal(),
};

addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll(".more[open]")) shut(menu);
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const field = event.target.matches("input, select, textarea") && !event.target.closest("dialog:not([open])");
  if (field || localStorage.getItem("keys") === "off") return;
  if (!KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

function shut(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}

$("keys").onclick = () => $("help").showModal();
$("keys-on").checked = localStorage.getItem("keys") !== "off";
$("keys-on").onchange = (event) => localStorage.setItem("keys", event.target.checked ? "on" : "off");

$("sign-out")?.addEventListener("click", async () => {
  await fetch("/api/session", { method: "DELETE" }).catch(() => null);
  location.assign("/");
});

// -- theme ------------------------------------------------------------------------------------------------------

$("theme").onclick = () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `portalwatch-theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
  announce(dark ? "Light." : "Dark.");
};

// -- the way in -------------------------------------------------------------------------------------------------

/** A link may carry a token once, behind the #, which no server and no log ever sees. */
async function signIn(token) {
  try {
    await send("/api/session", { token });
    location.reload();
  } catch (failure) {
    const why = $("why");
    if (why) why.textContent = failure.message;
    else say(failure.message);
  }
}

const carried = new URLSearchParams(location.hash.slice(1)).get("token");
if (carried) {
  history.replaceState(null, "", location.pathname + location.search);
  signIn(carried);
} else if ($("sign-in")) {
  $("sign-in").addEventListener("submit", (event) => (event.preventDefault(), signIn($("token").value)));
  // A link on another site brings us here without the cookie; from here it is sent.
  if (!sessionStorage.getItem("tried")) {
    sessionStorage.setItem("tried", "1");
    fetch("/api/me").then((me) => me.ok && location.replace(location.href));
  }
} else if (document.querySelector("[data-now]")) {
  sessionStorage.removeItem("tried");
  start();
}
