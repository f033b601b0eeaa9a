"""What keeps people out of a page, as far as a program, axe-core, can tell."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ABOUT_COLOURS = ("color-contrast", "link-in-text-block")
# Reports of what passed take several times as long to make as the checks themselves.
VIOLATIONS: dict[str, Any] = {"resultTypes": ["violations"]}
EVERY_RULE = VIOLATIONS | {"runOnly": {"type": "tag", "values": TAGS}}
ALL_BUT_CONTRAST = EVERY_RULE | {"rules": {"color-contrast": {"enabled": False}}}
ALL_BUT_COLOURS = EVERY_RULE | {"rules": {rule: {"enabled": False} for rule in ABOUT_COLOURS}}

_RUN = "options => axe.run(options).then(found => found.violations)"

# Looked at is each text that is not yet known to be readable. A text is known by all that its contrast depends on: its
# own colours and letters and those of all that it lies in. What may lie over something else is known by nothing.
_CONTRASTS = """
async ({known, scheme}) => {
  if (!matchMedia(`(prefers-color-scheme: ${scheme})`).matches) throw new Error(`these are not its ${scheme} colours`);
  const names = new Map();
  const anywhere = (style) => ['absolute', 'fixed', 'sticky'].includes(style.position);
  const named = (e) => {
    if (!e) return '';
    if (!names.has(e)) {
      const style = getComputedStyle(e), outer = named(e.parentElement);
      names.set(e, outer === null || anywhere(style) || e.closest('svg') ? null : [
        outer, e.tagName, e.className, e.matches(':disabled'), e.ariaDisabled, e.control?.disabled, style.color,
        style.backgroundColor, style.backgroundImage, style.opacity, style.fontSize, style.fontWeight,
        style.textShadow, style.textIndent, style.filter, style.mixBlendMode].join(' '));
    }
    return names.get(e);
  };
  const readable = new Set(known), learnt = new Set(), violations = [];
  const says = (e) => e.matches('input, select, textarea, button')
    || [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const look = async (texts) => {
    if (!texts.length) return;
    const found = await axe.run({include: texts},
      {runOnly: ['color-contrast'], resultTypes: ['violations', 'passes'], elementRef: true});
    for (const {nodes} of found.passes)
      for (const name of nodes.map((node) => named(node.element)).filter((name) => name !== null))
        learnt.add(name), readable.add(name);
    violations.push(...found.violations.map(({id, nodes}) => ({id, nodes: nodes.map(({html}) => ({html}))})));
  };
  const texts = [...document.body.querySelectorAll('*')].filter((e) =>
    says(e) && !readable.has(named(e)) && e.checkVisibility({visibilityProperty: true}));
  const first = new Set(new Map(texts.toReversed().map((e) => [named(e) ?? e, e])).values());
  await look([...first]);
  await look(texts.filter((e) => !first.has(e) && !readable.has(named(e))));
  return {violations, readable: [...learnt]};
}
"""


class Barriers:
    """The barriers of pages of one site, which has the same colours in every language.

    Contrast takes longest to tell. It is told of every text of every page, in the light and in the dark; but texts that
    have the same colours and letters, and lie in the same, on whichever pages, are looked at until one is readable.
    """

    def __init__(self) -> None:
        self._readable: set[str] = set()

    def of(self, window: Page) -> list[str]:
        """Of the page that the window shows, in its colours by day and by night."""
        window.evaluate(AXE_SCRIPT)
        found = [*_told(window.evaluate(_RUN, ALL_BUT_CONTRAST)), *self._contrasts(window, "light")]
        window.emulate_media(color_scheme="dark")
        in_the_dark = self._contrasts(window, "dark")
        window.emulate_media(color_scheme="light")
        return [*found, *(f"in the dark: {violation}" for violation in in_the_dark)]

    def _contrasts(self, window: Page, scheme: str) -> list[str]:
        found = window.evaluate(_CONTRASTS, {"known": list(self._readable), "scheme": scheme})
        self._readable.update(found["readable"])
        return _told(found["violations"])


def barriers_but_colours(window: Page) -> list[str]:
    """Of the page that the window shows, all that may differ from language to language."""
    window.evaluate(AXE_SCRIPT)
    return _told(window.evaluate(_RUN, ALL_BUT_COLOURS))


def _told(violations: Any) -> list[str]:
    return [f"{violation['id']}: {[node['html'][:200] for node in violation['nodes'][:3]]}" for violation in violations]
