"""What is wrong with how a page looks: what sticks out, what is cut, what lies over something else."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_FAULTS = """
() => {
  const faults = [], visible = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const name = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + (e.className.baseVal ?? e.className
    ? '.' + (e.className.baseVal ?? e.className).replace(/\\s+/g, '.') : '');
  const clipped = (e) => e && (getComputedStyle(e).clipPath !== 'none' || clipped(e.parentElement));
  const root = document.documentElement;
  const beyond = root.scrollWidth - innerWidth;
  if (beyond > 0) faults.push(`the page is ${beyond} px wider than the window`);
  const hidden = '.visually-hidden, .skip, select, option, textarea, input, pre';
  for (const e of document.body.querySelectorAll('*')) {
    if (e.closest(hidden) || e.closest('svg') || !visible(e) || clipped(e)) continue;
    const style = getComputedStyle(e);
    if (style.display === 'inline' || style.overflowX === 'auto' || style.overflowX === 'scroll') continue;
    const lacking = e.scrollWidth - e.clientWidth;
    if (lacking > 1 && e.clientWidth > 0)
      faults.push(`${name(e)} is ${lacking} px too narrow for "${e.textContent.trim().slice(0, 40)}"`);
  }
  const boxes = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || e.closest(hidden) || e.closest('script') || !visible(e) || clipped(e)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects())
      if (r.width > 1 && r.height > 1)
        boxes.push({e, l: r.left, r: r.right, t: r.top, b: r.bottom, s: node.data.trim()});
  }
  boxes.sort((a, b) => a.t - b.t);
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length && boxes[j].t < boxes[i].b - 4; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      if (a.e === b.e || Math.min(a.r, b.r) - Math.max(a.l, b.l) < 3 || Math.min(a.b, b.b) - b.t < 4) continue;
      faults.push(`"${a.s.slice(0, 30)}" and "${b.s.slice(0, 30)}" lie over each other`);
    }
  return faults.slice(0, 10);
}
"""


def faults_of(page: Page) -> list[str]:
    """What is wrong with how the page looks at its present size."""
    found: Any = page.evaluate(_FAULTS)
    return [str(fault) for fault in found]
