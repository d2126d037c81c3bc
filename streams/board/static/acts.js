// What people do: each act is sent to the API, and can be undone for ten seconds.
// An acknowledgement cannot be taken back once it is sent, so it waits for these ten seconds; if the page is left, it
// is sent at once. All others are sent at once, and undone by the request that the API's answer names.

const SECONDS = 10;
const TRIES = 4;
const waiting = new Map(); // id of a toast: what to do if nobody undoes it
let last = null; // how to undo what was done last

/** Ids of rows on which somebody here has acted: they may leave the list under his eyes. */
export const mine = new Set();

export function undoLast() {
  last?.();
}

export const isWaiting = (row) => [...waiting.values()].some((each) => each.rows.includes(row.id));

export async function send(path, body, method = "POST", key = crypto.randomUUID?.() ?? fallbackKey(), keepalive = false) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(path, {
      method, keepalive, body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    }).catch(() => null);
    if (answer?.ok) return answer.status === 204 ? {} : answer.json();
    const again = !answer || answer.status === 503 || answer.status === 429;
    if (again && attempt < TRIES) {
      await pause(1000 * Number(answer?.headers.get("Retry-After") ?? 1));
      continue;
    }
    const problem = await answer?.json().catch(() => null);
    const failure = new Error(problem?.detail ?? "The worker does not answer; it was not done.");
    failure.status = answer?.status ?? 0;
    throw failure;
  }
}

export function take(row, done) {
  const { workflow, item } = row.dataset;
  return now(row, `You take ${workflow} ${item}.`, `/api/items/${workflow}/${item}/assign`, {}, done);
}

export function snooze(row, body, done) {
  const { workflow, item, alert } = row.dataset;
  if (!alert) return Promise.resolve(say(`Nothing has been said of ${workflow} ${item}, so there is nothing to snooze.`));
  const until = body.last_useful ? "to the last useful moment" : "for an hour";
  return now(row, `${workflow} ${item} is snoozed ${until}.`, alertPath(alert, "snooze"), body, done);
}

export function acknowledge(rows, name, done) {
  const given = rows.filter((row) => row.dataset.alert && !isWaiting(row)).map((row) => [row.dataset.alert, key()]);
  if (!given.length) return say("Nothing there can be acknowledged.");
  const each = ([alert, id], keepalive) => send(alertPath(alert, "acknowledge"), {}, "POST", id, keepalive);
  const ids = rows.map((row) => row.id);
  const finish = async (leaving) => {
    const results = leaving
      ? await Promise.allSettled(given.map((one) => each(one, true)))
      : await Promise.allSettled(given.map((one) => each(one, false)));
    for (const id of ids) mine.add(id);
    const failed = results.filter((result) => result.status === "rejected");
    if (failed.length) say(failed[0].reason.message);
    done();
  };
  toast(`Acknowledged ${name}.`, { rows: ids, finish, undo: done });
  done();
}

async function now(row, words, path, body, done) {
  if (row.getAttribute("aria-busy") === "true") return;
  row.setAttribute("aria-busy", "true");
  try {
    const act = await send(path, body);
    mine.add(row.id);
    const undo = act.undo && (() => takeBack(act.undo).catch(failed).then(done));
    toast(words, { rows: [], undo, finish: () => {} });
  } catch (failure) {
    failed(failure);
  } finally {
    row.removeAttribute("aria-busy");
    done();
  }
}

/** Undo; who is quick has to wait until the act itself counts, else the item does not look as the undo expects. */
async function takeBack({ path, body, method }) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send(path, body, method);
    } catch (failure) {
      if (failure.status !== 409 || attempt === TRIES) throw failure;
      await pause(500 * attempt);
    }
  }
}

function failed(failure) {
  if (failure.status === 401) location.reload();
  say(failure.message);
}

/** A line that goes by itself. */
export function say(words) {
  toast(words, { rows: [], undo: null, finish: () => {} });
}

function toast(words, { rows, undo, finish }) {
  const box = document.createElement("div");
  const text = box.appendChild(document.createElement("span"));
  const id = key();
  let seconds = SECONDS, timer = 0;
  const button = document.createElement("button");
  const close = () => (clearInterval(timer), waiting.delete(id), box.remove());
  let from = null; // where the focus was before it came here
  box.addEventListener("focusin", (event) => box.contains(event.relatedTarget) || (from = event.relatedTarget));
  const back = () => (close(), from?.isConnected && from.focus(), last === back && (last = null), announce("Undone."), undo());
  box.className = "toast";
  text.textContent = words;
  if (undo) {
    button.type = "button";
    button.className = "act";
    button.dataset.undo = "";
    button.onclick = back;
    button.textContent = `Undo (${seconds})`;
    button.setAttribute("aria-label", "Undo");
    box.append(button);
    last = back;
  }
  waiting.set(id, { rows, finish });
  timer = setInterval(() => {
    if (box.matches(":hover, :focus-within")) return; // somebody is about to decide
    seconds -= 1;
    if (undo) button.textContent = `Undo (${seconds})`;
    if (seconds > 0) return;
    close();
    if (last === back) last = null;
    finish(false);
  }, 1000);
  document.getElementById("toasts").append(box);
  announce(words + (undo ? " Press u to undo." : ""));
}

export function announce(words) {
  const summary = document.getElementById("summary");
  if (summary.textContent !== words) summary.textContent = words;
}

addEventListener("pagehide", () => {
  for (const [id, { finish }] of waiting) waiting.delete(id), finish(true);
});

const alertPath = (alert, act) => `/api/alerts/${encodeURIComponent(alert).replaceAll("%3A", ":")}/${act}`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const key = () => crypto.randomUUID?.() ?? fallbackKey();

/** Where the page is served without https, browsers have no randomUUID. */
function fallbackKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
