"use strict";
(() => {
  const data = document.getElementById("cuts");
  if (!data) return;
  const cuts = JSON.parse(data.textContent);
  const slider = document.getElementById("threshold");
  const now = document.getElementById("threshold-now");
  const places = document.querySelectorAll("[data-cut]");
  const marks = document.querySelectorAll("[data-marker]");

  const show = () => {
    const cut = cuts[Number(slider.value)];
    now.textContent = cut.threshold;
    slider.setAttribute("aria-valuetext", `${cut.threshold}, takes ${cut.taken} of rows`);
    for (const place of places) place.textContent = cut[place.dataset.cut];
    for (const mark of marks) {
      const [x, y] = cut.at[mark.dataset.marker];
      if (mark.tagName === "line") {
        mark.setAttribute("x1", x);
        mark.setAttribute("x2", x);
      } else {
        mark.setAttribute("cx", x);
        mark.setAttribute("cy", y);
      }
    }
  };
  slider.addEventListener("input", show);
  document.getElementById("slider-block").hidden = false;
  show();
})();
