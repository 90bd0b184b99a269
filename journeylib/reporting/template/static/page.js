(function () {
  "use strict";
  var button = document.getElementById("jr-toggle");
  var folds = document.querySelectorAll("details.jr-code");
  if (!button || !folds.length) { return; }
  document.documentElement.classList.add("jr-js");
  button.hidden = false;
  button.addEventListener("click", function () {
    var show = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(show));
    button.textContent = show ? "Hide code" : "Show code";
    document.documentElement.classList.toggle("jr-code-shown", show);
    folds.forEach(function (fold) { fold.open = show; });
  });
}());
