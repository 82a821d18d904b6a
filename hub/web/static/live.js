// Keeps the board live.  Without it the page is complete, only still: every part was made by
// the server, and what comes over the stream is the same HTML from the same templates.
(() => {
  "use strict";
  const board = document.querySelector("[data-events]");
  const lamp = document.getElementById("live");
  if (!board || !lamp || !window.EventSource) return;

  const key = document.querySelector('meta[name="form-key"]').content;
  const clock = document.getElementById("clock");
  const trouble = document.getElementById("trouble");
  const kept = document.getElementById("kept");
  const waiting = new Map();
  let stream = null;

  const show = (state) => {
    lamp.dataset.state = state;
    const text = lamp.querySelector(".live-text");
    const word = lamp.getAttribute(`data-${state}`);
    if (text.textContent !== word) text.textContent = word;
  };

  // A person may be typing a token or comparing a digest: what they hold is not replaced.
  const inUse = (part) =>
    [...part.querySelectorAll("input:not([type=hidden])")].some(
      (input) => input.value !== "" || input === document.activeElement,
    );

  const openOnes = (part) => [...part.querySelectorAll("details")].map((one) => one.open);

  const flash = (part, before) => {
    const after = part.querySelectorAll(".yuan, .count, .stage-count, .part-count");
    after.forEach((figure, at) => {
      if (before[at] !== undefined && before[at] !== figure.textContent) {
        figure.classList.add("changed");
      }
    });
  };

  const replace = (part, html) => {
    const before = [
      ...part.querySelectorAll(".yuan, .count, .stage-count, .part-count"),
    ].map((figure) => figure.textContent);
    const wasOpen = openOnes(part);
    const scrolled = [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    part.innerHTML = html;
    part.querySelectorAll("[data-form-key]").forEach((field) => {
      field.value = key;
    });
    const details = part.querySelectorAll("details");
    if (details.length === wasOpen.length) {
      details.forEach((one, at) => {
        // A plan that has just been approved folds away; what a person opened stays open.
        if (!one.classList.contains("wave")) one.open = wasOpen[at];
      });
    }
    part.querySelectorAll(".scroll").forEach((one, at) => {
      one.scrollLeft = scrolled[at] || 0;
    });
    flash(part, before);
  };

  const onPart = (event) => {
    const { name, version, html } = JSON.parse(event.data);
    const part = document.getElementById(`s-${name}`);
    if (!part) return;
    if (part.dataset.version === version) {
      waiting.delete(part);
      return;
    }
    waiting.set(part, { version, html });
    settle();
  };

  // Puts in what has come, except where somebody is typing: that waits, and the page says so.
  const settle = () => {
    waiting.forEach(({ version, html }, part) => {
      if (inUse(part)) return;
      replace(part, html);
      part.dataset.version = version;
      waiting.delete(part);
    });
    kept.hidden = waiting.size === 0;
  };

  const onClock = (event) => {
    show("live");
    trouble.hidden = true;
    settle();
    clock.textContent = JSON.parse(event.data).text;
  };

  const onTrouble = (event) => {
    const { code, text } = JSON.parse(event.data);
    document.getElementById("trouble-text").textContent = text;
    document.getElementById("trouble-code").textContent = code;
    trouble.hidden = false;
  };

  const open = () => {
    if (stream) return;
    show("connecting");
    stream = new EventSource(board.dataset.events);
    stream.addEventListener("part", onPart);
    stream.addEventListener("clock", onClock);
    stream.addEventListener("trouble", onTrouble);
    stream.onerror = () => {
      show("reconnecting");
      // A refusal (503, too many viewers) ends the stream for good: try again later.
      if (stream && stream.readyState === EventSource.CLOSED) {
        close();
        setTimeout(open, 5000);
      }
    };
  };

  const close = () => {
    if (stream) stream.close();
    stream = null;
  };

  // A browser opens six connections to a host: a tab nobody looks at must not hold one.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      show("paused");
    } else {
      open();
    }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", () => {
    if (!document.hidden) open();
  });
  open();
})();
