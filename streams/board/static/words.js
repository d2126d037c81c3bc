// Amounts of time in words, as streams/board/words.py has them.

export function span(seconds, elapsed = false) {
  const whole = Math.floor(Math.abs(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  const hours = Math.floor(whole / 3600), minutes = Math.floor((whole % 3600) / 60);
  if (elapsed && hours >= 48) return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
  return minutes && hours < 10 ? `${hours} h ${String(minutes).padStart(2, "0")}` : `${hours} h`;
}

export function left(seconds, elapsed = false) {
  if (seconds < 0) return `${span(seconds, elapsed)} late`;
  return `${span(seconds, elapsed)} ${elapsed ? "left" : "open"}`;
}

/** Seconds left at a moment: `at` and `now` in ms of the clock that judges; time that does not count stands still. */
export function leftAt(seconds, counting, changes, at, now) {
  const passed = now - at;
  if (!changes) return counting ? seconds - passed / 1000 : seconds;
  const before = Math.min(passed, Math.max(0, changes - at));
  return seconds - (counting ? before : passed - before) / 1000;
}
