// Keeps a page that says so fresh: the server makes it again, and its main part is put in place.
// Without it the page is complete, only still.
(() => {
  "use strict";
  const wall = document.querySelector("[data-refresh]");
  if (!wall) return;
  // Clocks count each second, by the server's time as of when the page was made.
  let ahead = Number(wall.dataset.now || 0) / 1000 - Date.now();
  const tick = () => {
    wall.querySelectorAll("[data-until]").forEach((one) => {
      const left = Math.round((Number(one.dataset.until) / 1000 - Date.now() - ahead) / 1000);
      const whole = Math.abs(left);
      const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
      const text = parts.map((part) => String(part).padStart(2, "0")).join(":");
      one.textContent = `${left < 0 ? one.dataset.over : one.dataset.left} ${text}`;
      one.classList.toggle("tone-bad", left < 0);
      one.classList.toggle("tone-warn", left >= 0);
    });
  };
  if (wall.dataset.now) {
    tick();
    setInterval(tick, 1000);
  }
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
      if (part.dataset.now) {
        ahead = Number(part.dataset.now) / 1000 - Date.now();
        tick();
      }
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
