// Before anything is painted: the light that the reader chose last time, else that of the system.
(() => {
  const root = document.documentElement;
  const order = ["auto", "light", "dark"];
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("aidefence.theme") ?? "auto";
  } catch {
    // Without storage the choice holds until the page is left.
  }
  const apply = () => {
    if (!order.includes(chosen)) chosen = "auto";
    root.dataset.theme = chosen;
  };
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    if (!button) return;
    const tell = () => {
      button.querySelector("[data-theme-word]").textContent = chosen;
      button.setAttribute("aria-label", `Colours: ${chosen}. Change`);
    };
    tell();
    button.addEventListener("click", () => {
      chosen = order[(order.indexOf(chosen) + 1) % order.length];
      apply();
      tell();
      try {
        localStorage.setItem("aidefence.theme", chosen);
      } catch {
        // The same.
      }
    });
  });
})();
