// Keeps a page that says so fresh: the server makes it again, and its main part is put in place.
// Without it the page is complete, only still.
(() => {
  "use strict";
  const wall = document.querySelector("[data-refresh]");
  if (!wall) return;
  const every = Number(wall.dataset.refresh) * 1000;
  const again = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(window.location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = fresh.getElementById(wall.id);
      if (!part) throw new Error("no part");
      wall.innerHTML = part.innerHTML;
      const clock = document.getElementById("clock");
      const then = fresh.getElementById("clock");
      if (clock && then) clock.textContent = then.textContent;
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale");
    }
  };
  setInterval(again, every);
  document.addEventListener("visibilitychange", again);
})();
