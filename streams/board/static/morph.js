// Puts into a tree what differs from another, and leaves the rest in place: focus, scroll and open folds stay.

export function morph(into, from) {
  if (into.isEqualNode(from)) return;
  attributes(into, from);
  const wanted = new Set([...from.children].map((child) => child.id).filter(Boolean));
  const known = new Map([...into.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = into.firstChild;
  for (const want of [...from.childNodes]) {
    while (at && at.id && !wanted.has(at.id)) at = dropped(at);
    const have = want.id ? known.get(want.id) : at && !at.id && alike(at, want) ? at : null;
    if (!have) into.insertBefore(document.importNode(want, true), at);
    else {
      if (have === at) at = at.nextSibling;
      else into.insertBefore(have, at);
      if (have.nodeType === Node.ELEMENT_NODE) morph(have, want);
      else if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
    }
  }
  while (at) at = dropped(at);
}

function attributes(into, from) {
  for (const { name } of [...into.attributes])
    if (!from.hasAttribute(name) && !(name === "open" && into.localName === "details")) into.removeAttribute(name);
  for (const { name, value } of from.attributes) if (into.getAttribute(name) !== value) into.setAttribute(name, value);
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName;
}

function dropped(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
