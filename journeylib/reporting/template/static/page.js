(function () {
  "use strict";
  var root = document.documentElement;
  var button = document.getElementById("jr-toggle");
  var folds = document.querySelectorAll("details.jr-code");
  if (button && folds.length) {
    root.classList.add("jr-js");
    button.hidden = false;
    button.addEventListener("click", function () {
      var show = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(show));
      button.textContent = show ? "Hide code" : "Show code";
      root.classList.toggle("jr-code-shown", show);
      folds.forEach(function (fold) { fold.open = show; });
    });
  }

  // A meaning opens by the browser's own popover; where there is room it moves beside its word.
  document.querySelectorAll(".jr-meaning").forEach(function (meaning) {
    meaning.addEventListener("toggle", function (event) {
      if (event.newState !== "open" || root.clientWidth < 700) { return; }
      var word = document.querySelector("[popovertarget='" + meaning.id + "']");
      var place = word.getBoundingClientRect();
      var box = meaning.getBoundingClientRect();
      var left = Math.max(12, Math.min(place.left, root.clientWidth - box.width - 12));
      var below = place.bottom + 8 + box.height < root.clientHeight;
      meaning.style.left = left + "px";
      meaning.style.top = (below ? place.bottom + 8 : place.top - 8 - box.height) + "px";
      meaning.style.right = meaning.style.bottom = "auto";
    });
  });

  // On paper nothing unfolds: what failed is printed whole, code and numbers behind pictures are not.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll(".jr-failure details:not([open])"));
    opened.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (fold) { fold.open = false; });
  });
}());
