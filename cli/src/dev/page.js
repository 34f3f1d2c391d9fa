"use strict";
for (const button of document.querySelectorAll(".line button")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
const state = document.getElementById("state");
const show = (text, gone) => {
  state.hidden = false;
  state.textContent = text;
  state.classList.toggle("gone", gone);
};
const refresh = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const command = (of) => of.querySelector(".line code").textContent;
    if (command(page) !== command(document)) return location.reload();
    const [now, live] = [page.getElementById("live"), document.getElementById("live")];
    if (now.innerHTML !== live.innerHTML) live.replaceWith(document.adoptNode(now));
    show("● live", false);
  } catch {
    show("latchkey dev does not answer", true);
  }
};
setInterval(refresh, 2000);
document.addEventListener("visibilitychange", refresh);
refresh();
