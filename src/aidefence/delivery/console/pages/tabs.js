// Tabs as the ARIA practices have them: arrows move, Home and End jump, only one is in the tab order.
import { $$ } from "./dom.js";

/** Bring a tab list to life; `changed` hears the name of the chosen panel. */
export function makeTabs(list, changed = () => {}) {
  const tabs = $$("[role=tab]", list);
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  const choose = (chosen, focus = false) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      panel(tab).hidden = !on;
    }
    if (focus) chosen.focus();
    changed(chosen.dataset.name);
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    choose(tabs[(to + tabs.length) % tabs.length], true);
  });
  const chooseByName = (name) => choose(tabs.find((tab) => tab.dataset.name === name));
  choose(tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0]);
  return chooseByName;
}
