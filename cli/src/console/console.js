"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  const said = button.innerHTML;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.innerHTML = said; }, 1500);
  });
}
const live = () => document.getElementById("live");
if (live()?.hasAttribute("data-refresh")) {
  const state = document.getElementById("state");
  const show = (text, gone) => {
    state.hidden = false;
    state.textContent = text;
    state.classList.toggle("is-bad", gone);
  };
  const refresh = async () => {
    if (document.hidden || live().contains(document.activeElement)) return;
    try {
      const answer = await fetch("/", { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const command = (of) => of.querySelector(".line code")?.textContent;
      if (command(page) !== command(document)) return location.reload();
      const now = page.getElementById("live");
      if (now.innerHTML !== live().innerHTML) live().replaceWith(document.adoptNode(now));
      show("live", false);
    } catch {
      show("latchkey dev does not answer", true);
    }
  };
  setInterval(refresh, 3000);
  document.addEventListener("visibilitychange", refresh);
}
